"""What the sealer tells Prometheus, at the address KAPOK_SEALER_PORT. In: counts. Out: metrics of this process."""

from prometheus_client import Counter, Gauge

ENTRIES = Counter("kapok_sealed_entries", "Entries that were sealed.")
CHECKPOINTS = Counter("kapok_checkpoints", "Checkpoints that were signed.")
FAILURES = Counter("kapok_sealing_failures", "Times a log could not be sealed.")
WAITING = Gauge("kapok_logs_waiting", "Logs that have something to seal after a round.")
LAG = Gauge("kapok_sealing_lag_seconds", "How long the first of those has been waiting.")
