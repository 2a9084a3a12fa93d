"""Checks the identity that EasyAuth has signed, in Python with PyJWT and cryptography."""

import json
import os
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import jwt

# Keys are kept for five minutes, and fetched again when a token has a kid that is not known.
KEYS = jwt.PyJWKClient(os.environ["JWKS_URL"])
ISSUER = os.environ["ISSUER"]
AUDIENCE = os.environ["AUDIENCE"]


def verify(headers):
    """The claims, once signature, algorithm, issuer, audience and times of exactly one header are right."""
    tokens = headers.get_all("X-Injected-Assertion", [])
    if len(tokens) != 1:
        raise jwt.InvalidTokenError("not exactly one assertion")
    return jwt.decode(
        tokens[0],
        KEYS.get_signing_key_from_jwt(tokens[0]).key,
        algorithms=["ES256"],  # never what the token says
        issuer=ISSUER,
        audience=AUDIENCE,
        leeway=30,  # seconds that clocks may differ
        options={"require": ["iss", "aud", "exp", "nbf", "sub"]},
    )


class Show(BaseHTTPRequestHandler):
    def do_GET(self):
        try:
            status, answer = 200, verify(self.headers)
        except jwt.PyJWTError as error:
            print(error, file=sys.stderr)
            status, answer = 401, "no identity"
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.end_headers()
        self.wfile.write(json.dumps(answer).encode())


if __name__ == "__main__":
    ThreadingHTTPServer(("127.0.0.1", int(os.environ["PORT"])), Show).serve_forever()
