"""English, as in logs: year first, 24 hours."""
