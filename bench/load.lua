-- wrk script. In, after `--`: a file with a request a line (path, name and value of the header with the credentials, and
-- body, separated by tabs), and the mean pause of a connection in milliseconds. Each request is the next line, so that
-- every server sees the same sequence. Out, as the last line printed: one JSON object (times are in microseconds).
local requests, position = {}, 0

function init(arguments)
  local pause = tonumber(arguments[2])
  if pause > 0 then
    -- wrk looks for this function after init: milliseconds before a connection's next request.
    function delay()
      return math.random(0, 2 * pause)
    end
  end
  for line in io.lines(arguments[1]) do
    local path, name, value, body = line:match("^(.-)\t(.-)\t(.-)\t(.*)$")
    local headers = {["Content-Type"] = "application/json", ["Accept"] = "application/json"}
    if name ~= "" then
      headers[name] = value
    end
    requests[#requests + 1] = wrk.format("POST", path, headers, body)
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
