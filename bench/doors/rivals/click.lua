-- A click: an id, six fields stored, a redirect.
local redis = require "{{.RedisModule}}"
local v = ngx.var
local store = redis:new()
store:set_timeout(3000)
if not store:connect(v.redis) then return ngx.exit(503) end
local id = v.request_id .. string.format("%08x", ngx.time())
local stored = store:hset("click:" .. id, "at", ngx.now(), "slug", v.uri, "ip", v.remote_addr,
  "ua", v.http_user_agent or "", "ref", v.http_referer or "", "query", v.args or "")
if not stored then return ngx.exit(503) end
store:set_keepalive(60000, 1024)
ngx.header["Cache-Control"] = "no-store"
return ngx.redirect("https://shop.example/?click=" .. id .. "&s=" .. (v.arg_sub1 or ""), 302)
