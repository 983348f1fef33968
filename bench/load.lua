-- wrk script. In: a file of request bodies, one a line (the argument after `--`). Each request posts the next one, so that
-- every server sees the same sequence. Out, as the last line printed: one JSON object (seconds are in microseconds).
local requests, position = {}, 0

function init(arguments)
  wrk.headers["Content-Type"] = "application/json"
  wrk.headers["Accept"] = "application/json"
  for body in io.lines(arguments[1]) do
    requests[#requests + 1] = wrk.format("POST", nil, nil, body)
  end
end

function request()
  position = position % #requests + 1
  return requests[position]
end

function done(summary, latency)
  local failed = summary.errors
  io.write(string.format(
    '\n{"requests": %d, "duration": %d, "bytes": %d, "p50": %d, "p95": %d, "p99": %d, "failed": %d}\n',
    summary.requests, summary.duration, summary.bytes,
    latency:percentile(50), latency:percentile(95), latency:percentile(99),
    failed.connect + failed.read + failed.write + failed.status + failed.timeout))
end
