-- A postback: the click must exist, the key and the range be right; a claim is made once.
local redis = require "{{.RedisModule}}"
local v = ngx.var

local function answer(status, body)
  ngx.status = status
  ngx.header["Content-Type"] = "application/json; charset=utf-8"
  ngx.header["Cache-Control"] = "no-store"
  ngx.header["Content-Length"] = #body
  ngx.print(body)
  return ngx.exit(status)
end

local id = string.match(v.uri, "^/api/v1/cpa/action/(%x+)$")
if not id or #id ~= 40 then return answer(400, '{"error":{"msg":"invalid code"}}') end
local args = ngx.req.get_uri_args(32)
local lead = args.lead_code
if lead and v.http_x_forwarded_proto ~= "https" then return answer(403, '{"error":{"msg":"https"}}') end
if (lead or args.key) and args.key ~= v.key then return answer(403, '{"error":{"msg":"invalid key"}}') end
local value = tonumber(args.value)
if args.value and not value then return answer(400, '{"error":{"msg":"invalid price value"}}') end
if value and (value < 0.01 or value > 200) then return answer(400, '{"error":{"msg":"range"}}') end

local store = redis:new()
store:set_timeout(3000)
if not store:connect(v.redis) then return answer(503, '{"error":{"msg":"temporarily unavailable"}}') end
local there = store:exists("click:" .. id)
if not there then return answer(503, '{"error":{"msg":"temporarily unavailable"}}') end
if there == 0 then
  store:set_keepalive(60000, 1024)
  return answer(400, '{"error":{"msg":"invalid code"}}')
end
local first, failed = store:set("conversion:" .. id .. ":" .. (lead or ""), (args.value or "") .. " " .. ngx.now(), "NX")
if failed then return answer(503, '{"error":{"msg":"temporarily unavailable"}}') end
store:set_keepalive(60000, 1024)
return answer(200, '{"ok":true}')
