"""Calls an API behind EasyAuth with an access token, and prints the answer. Needs Python 3.9 and nothing else.

    orders.py app       as an application, with the client credentials JOB_ID and JOB_SECRET_FILE
    orders.py device    as a person, who signs in with a browser on any device; CLI_ID

Exit code: 0 the answer is printed; 2 wrong use; 3 the token is good, and a scope, role or group is missing;
4 the application itself refuses; 1 everything else.
"""

import json
import os
import sys
import time
import urllib.error
import urllib.parse
import urllib.request


class NoRedirect(urllib.request.HTTPRedirectHandler):
    """A redirect is an answer: urllib would send the token along to wherever it leads."""

    def redirect_request(self, *_):
        return None


opener = urllib.request.build_opener(NoRedirect)


def send(request):
    """Status, headers and body of an answer, whatever its status."""
    try:
        with opener.open(request, timeout=30) as answer:
            return answer.status, answer.headers, answer.read()
    except urllib.error.HTTPError as answer:
        return answer.code, answer.headers, answer.read()


class Tokens:
    """Access tokens for the API: one is kept until shortly before it expires."""

    def __init__(self, how):
        authority = os.environ.get("AUTHORITY", "https://login.microsoftonline.com")
        self.endpoint = f"{authority}/{os.environ['TENANT_ID']}/oauth2/v2.0/"
        self.api = "api://" + os.environ["API_ID"]
        self.ask = {"app": self.as_application, "device": self.as_person}[how]
        self.forget()

    def forget(self):
        self.token, self.until = None, 0

    def get(self):
        if time.monotonic() >= self.until:
            granted = self.ask()
            if "access_token" not in granted:
                sys.exit(f"no token: {granted.get('error')}: {granted.get('error_description')}")
            self.token = granted["access_token"]
            self.until = time.monotonic() + int(granted.get("expires_in", 0)) - 60
        return self.token

    def post(self, path, **form):
        return json.loads(send(urllib.request.Request(self.endpoint + path, urllib.parse.urlencode(form).encode()))[2])

    def as_application(self):
        with open(os.environ["JOB_SECRET_FILE"], encoding="utf-8") as file:
            secret = file.read().rstrip("\n")
        return self.post("token", grant_type="client_credentials", client_id=os.environ["JOB_ID"], client_secret=secret, scope=self.api + "/.default")

    def as_person(self):
        client = os.environ["CLI_ID"]
        flow = self.post("devicecode", client_id=client, scope=f"{self.api}/{os.environ.get('SCOPE', 'Orders.Read')}")
        if "device_code" not in flow:
            return flow
        print(f"Open {flow['verification_uri']} and enter {flow['user_code']}", file=sys.stderr)
        interval = int(flow.get("interval", 5))
        while True:
            time.sleep(interval)
            answer = self.post("token", grant_type="urn:ietf:params:oauth:grant-type:device_code", client_id=client, device_code=flow["device_code"])
            if answer.get("error") == "slow_down":
                interval += 5
            elif answer.get("error") != "authorization_pending":
                return answer


def call(tokens, url):
    """The answer of the API; once more where that can help."""
    for again in (True, False):
        headers = {"Authorization": "Bearer " + tokens.get(), "Accept": "application/json"}
        status, got, body = send(urllib.request.Request(url, headers=headers))
        challenge = got.get("WWW-Authenticate", "")
        if not again or status != 401:
            break
        if 'error="invalid_token"' in challenge:
            tokens.forget()  # it has expired, or a key was replaced
        elif 'error="' not in challenge:
            time.sleep(float(os.environ.get("WAIT", "5")))  # it could not be checked just now, or EasyAuth takes no tokens
        else:
            break
    return status, challenge, body


def main():
    if sys.argv[1:] not in (["app"], ["device"]):
        print("orders.py app | device", file=sys.stderr)
        return 2
    status, challenge, body = call(Tokens(sys.argv[1]), os.environ["API_URL"])
    if 200 <= status < 300:
        sys.stdout.buffer.write(body)
        return 0
    if status == 401:
        print("refused:", challenge, file=sys.stderr)
        return 3 if 'error="insufficient_scope"' in challenge else 1
    if status == 403:
        print("the application refuses:", body.decode(errors="replace"), file=sys.stderr)
        return 4
    print(f"the answer is {status}", file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main())
