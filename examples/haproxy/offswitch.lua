-- Asks the gateway about a request, says "allow", "deny" or "unsure" in txn.offswitch, and sets the identity headers.
-- haproxy.cfg turns everything but "allow" into an answer. The HTTP client opens a connection per check.

local url = os.getenv("OFFSWITCH_AUTHZ") or "http://127.0.0.1:8421/authz"
local socket = os.getenv("OFFSWITCH_SOCKET")
local timeout_ms = 2000

local identity = {
  "x-offswitch-org", "x-offswitch-user", "x-offswitch-device", "x-offswitch-scopes", "x-offswitch-view",
  "x-offswitch-issuer", "x-offswitch-subject",
}

-- HAProxy counts the values of a header from 0, its HTTP client from 1.
local function values(headers, name)
  local found = {}
  local held = headers[name]
  if held == nil then return found end
  for i = 0, #held do
    if held[i] ~= nil then found[#found + 1] = held[i] end
  end
  return found
end

core.register_action("offswitch", { "http-req" }, function(txn)
  txn:set_var("txn.offswitch", "unsure")
  local question = {
    url = url,
    timeout = timeout_ms,
    headers = {
      -- All of them: a request with two is refused.
      ["authorization"] = values(txn.http:req_get_headers(), "authorization"),
      -- So that a token in the query string is refused.
      ["x-original-uri"] = { txn.f:url() },
    },
  }
  if socket ~= nil then question.dst = "unix@" .. socket end
  local answer = core.httpclient():get(question)
  if answer == nil then return end

  if answer.status == 401 then
    local error = values(answer.headers, "www-authenticate")[1] or "Bearer"
    txn:set_var("txn.offswitch_error", error)
    txn:set_var("txn.offswitch", "deny")
  elseif answer.status == 200 then
    for _, name in ipairs(identity) do
      local value = values(answer.headers, name)[1]
      if value ~= nil and value ~= "" then txn.http:req_set_header(name, value) end
    end
    txn:set_var("txn.offswitch", "allow")
  end
end, 0)
