"""Reads EasyAuth's identity headers in Python, with Flask.

The headers are true only because the proxy sets them on every request. So it listens where nobody but the proxy
reaches it.
"""

import os
from functools import wraps
from urllib.parse import unquote_plus

from flask import Flask, abort, g, jsonify, request

app = Flask(__name__)

STAFF = "6d1f0c52-7c3a-4a7e-9a44-0b9d6f4c2e10"


def values(name):
    """One header (EASYAUTH_CLAIM_ENCODING=UrlEncode, the default): split first, then decode each part."""
    header = request.headers.get("X-Injected-" + name, "")
    if not header:
        return []
    return [unquote_plus(part, errors="strict") for part in header.split("|")]


def identity():
    """Who asks. oid with tid is the key of a person (another provider than Entra ID: sub); name and email are for display."""
    one = {name: next(iter(values(name)), "") for name in ("oid", "tid", "sub", "name", "email")}
    return one | {
        "roles": values("roles"),
        "groups": values("groups"),
        "scopes": values("scp"),
        "overflow": values("overflow"),  # names of what is not complete
    }


def known(view):
    """Without an identity nobody asked EasyAuth: the request came past the proxy, or the proxy is not configured."""

    @wraps(view)
    def wrapper():
        try:
            g.identity = identity()
        except UnicodeDecodeError:
            abort(400)
        if not g.identity["sub"]:
            abort(401)
        return view()

    return wrapper


@app.get("/")
@known
def show():
    return jsonify(g.identity)


@app.get("/admin")
@known
def admin():
    # Here too: the rule of the path may be read differently by the proxy.
    if "Admin" not in g.identity["roles"]:
        abort(403)
    return jsonify(g.identity)


@app.get("/guests")
@known
def guests():
    # For everybody who is not in a group. That takes the whole list: one with gaps proves nothing.
    if "groups" in g.identity["overflow"] or STAFF in g.identity["groups"]:
        abort(403)
    return jsonify(g.identity)


if __name__ == "__main__":
    app.run(host="127.0.0.1", port=int(os.environ.get("PORT", "3000")))
