// Reads EasyAuth's identity headers in Node, with Express.
//
// The headers are true only because the proxy sets them on every request. So it listens where nobody but the proxy
// reaches it.
"use strict";

const express = require("express");

const app = express();
app.disable("x-powered-by");

const STAFF = "6d1f0c52-7c3a-4a7e-9a44-0b9d6f4c2e10";

// One header (EASYAUTH_CLAIM_ENCODING=UrlEncode, the default): split first, then decode each part. decodeURIComponent
// knows nothing of "+".
function values(request, name) {
  const header = request.get("X-Injected-" + name) ?? "";
  return header === "" ? [] : header.split("|").map((part) => decodeURIComponent(part.replaceAll("+", " ")));
}

// Who asks. oid with tid is the key of a person (another provider than Entra ID: sub); name and email are for display.
function identity(request) {
  const one = (name) => values(request, name)[0] ?? "";
  return {
    oid: one("oid"),
    tid: one("tid"),
    sub: one("sub"),
    name: one("name"),
    email: one("email"),
    roles: values(request, "roles"),
    groups: values(request, "groups"),
    scopes: values(request, "scp"),
    overflow: values(request, "overflow"), // names of what is not complete
  };
}

// Without an identity nobody asked EasyAuth: the request came past the proxy, or the proxy is not configured.
app.use((request, response, next) => {
  try {
    request.identity = identity(request);
  } catch {
    return response.status(400).send("a header cannot be decoded");
  }
  if (request.identity.sub === "") {
    return response.status(401).send("no identity");
  }
  next();
});

app.get("/", (request, response) => response.json(request.identity));

// Here too: the rule of the path may be read differently by the proxy.
app.get("/admin", (request, response) => {
  if (!request.identity.roles.includes("Admin")) {
    return response.status(403).send("the role Admin is missing");
  }
  response.json(request.identity);
});

// For everybody who is not in a group. That takes the whole list: one with gaps proves nothing.
app.get("/guests", (request, response) => {
  const { groups, overflow } = request.identity;
  if (overflow.includes("groups") || groups.includes(STAFF)) {
    return response.status(403).send("for guests only");
  }
  response.json(request.identity);
});

app.listen(Number(process.env.PORT ?? 3000), "127.0.0.1");
