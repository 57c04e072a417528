-- wrk's advertiser: each request reports a new lead of one of many clicks.
local ids, key, n, tail = {}, "", 0, ""

function init(args)
  for id in io.lines(args[1]) do ids[#ids + 1] = id end
  key, n = args[2], tonumber(args[3])
  tail = " HTTP/1.1\r\nHost: " .. wrk.host .. "\r\nUser-Agent: Tracker/1.0\r\nX-Forwarded-Proto: https\r\n"
  if args[4] == "close" then tail = tail .. "Connection: close\r\n" end
  tail = tail .. "\r\n"
end

function request()
  n = n + 1
  return "GET /api/v1/cpa/action/" .. ids[n % #ids + 1] .. "?value=1.25&lead_code=order-" .. n .. "&key=" .. key .. tail
end

function done(summary, latency, requests)
  local e = summary.errors
  io.write(string.format("RESULT %d %d %d %d %d %d\n", summary.requests, summary.duration,
    latency:percentile(50), latency:percentile(99), e.status, e.connect + e.read + e.write + e.timeout))
end
