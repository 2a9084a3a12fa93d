-- Asks EasyAuth whether a request may pass, and as whom. For HAProxy 2.5 and later.
--
-- In haproxy.cfg:  http-request lua.easyauth http://127.0.0.1:8080/easyauth/auth
-- Before that, txn.easyauth_rule is the rule: what stands behind ? in an auth-url. After it, txn.easyauth is "pass" and the
-- identity headers are set; or the client has been answered, and nothing of its request goes on. HAProxy goes on when
-- a Lua action breaks: so the configuration must refuse whatever is not "pass".

local patience = 6000 -- milliseconds for an answer; HAProxy tries four times

-- What is of the client's connection, or says where the request goes, is not handed on to EasyAuth.
local withheld = {
	["connection"] = true, ["content-length"] = true, ["expect"] = true, ["host"] = true, ["keep-alive"] = true,
	["proxy-connection"] = true, ["te"] = true, ["trailer"] = true, ["transfer-encoding"] = true, ["upgrade"] = true,
	["x-easyauth-proxy-secret"] = true, ["x-original-method"] = true, ["x-original-url"] = true,
}

local function escape(text)
	return (text:gsub("[^%w%-._~]", function(sign) return string.format("%%%02X", sign:byte()) end))
end

local function first(headers, name)
	return headers and headers[name] and headers[name][0]
end

-- answer ends the request with a status, and what EasyAuth wants the client to know.
local function answer(txn, status, headers, location)
	local reply = txn:reply()
	reply:set_status(status)
	reply:add_header("cache-control", "no-store")
	for _, name in ipairs({ "set-cookie", "www-authenticate" }) do
		if first(headers, name) then
			reply:add_header(name, first(headers, name))
		end
	end
	if location then
		reply:add_header("location", location)
	end
	txn:done(reply)
end

core.register_action("easyauth", { "http-req" }, function(txn, endpoint)
	local page = "https://" .. txn.sf:req_hdr("host") .. txn.sf:pathq()
	local headers = {}
	for name, values in pairs(txn.http:req_get_headers()) do
		if not withheld[name] then
			headers[name] = values
		end
	end
	headers["x-original-url"] = { page }
	headers["x-original-method"] = { txn.sf:method() }
	local secret = txn:get_var("proc.easyauth_secret")
	if secret then
		headers["x-easyauth-proxy-secret"] = { secret }
	end
	local rule = txn:get_var("txn.easyauth_rule")
	if rule then
		endpoint = endpoint .. "?" .. rule
	end

	local told = core.httpclient():get({ url = endpoint, headers = headers, timeout = patience })
	local status = told and told.status or 0
	if status >= 200 and status < 300 then
		for name, values in pairs(told.headers) do
			if name:find("^x%-injected%-") and values[0] ~= "" then
				txn.http:req_set_header(name, values[0])
			end
		end
		if first(told.headers, "set-cookie") then
			txn:set_var("txn.easyauth_cookie", first(told.headers, "set-cookie"))
		end
		txn:set_var("txn.easyauth", "pass")
	elseif status == 401 and not txn.sf:req_hdr("authorization"):lower():find("^%s*bearer%s") then
		-- A browser, to the sign-in. A script that follows gets JSON there.
		answer(txn, 302, told.headers, "https://" .. txn.sf:req_hdr("host") .. "/easyauth/login?rd=" .. escape(page))
	elseif status == 401 or status == 403 then
		answer(txn, status, told.headers)
	else
		answer(txn, 503)
	end
end, 1)
