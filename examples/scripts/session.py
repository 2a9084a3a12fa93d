"""Signs a person in to an application behind EasyAuth, and calls it as them. Needs Python 3.9 and nothing else.

    session.py login                  with a browser of this computer
    session.py exchange FILE [TYPE]   with a token of the identity provider: an id_token, or TYPE access_token
    session.py call PATH              prints what the application answers
    session.py refresh                gets new tokens although the old ones are good
    session.py logout                 ends the session

APP_URL is the application (https://app.example.com). Its tokens are in the file SESSION_FILE.
Exit code: 0 done; 2 wrong use; 3 the token is good, and a role, group, scope or better sign-in is missing;
4 the application itself refuses; 5 nobody is signed in, or no longer; 1 everything else.
"""

import base64
import contextlib
import fcntl
import hashlib
import http.client
import http.server
import json
import os
import queue
import re
import secrets
import sys
import tempfile
import threading
import time
import urllib.error
import urllib.parse
import urllib.request

USE = "session.py login | exchange FILE [id_token | access_token] | call PATH | refresh | logout"
AGAIN = "\nSign in again: session.py login"


class Stop(Exception):
    """Ends the program: an exit code, and what to say."""


class NoRedirect(urllib.request.HTTPRedirectHandler):
    """A redirect is an answer: urllib would send the token along to wherever it leads."""

    def redirect_request(self, *_):
        return None


opener = urllib.request.build_opener(NoRedirect)


def say(text):
    print("".join(c for c in text if c.isprintable() or c == "\n"), file=sys.stderr, flush=True)


def send(request):
    """Status, headers and body of an answer, whatever its status."""
    try:
        with opener.open(request, timeout=60) as answer:
            return answer.status, answer.headers, answer.read()
    except urllib.error.HTTPError as answer:
        return answer.code, answer.headers, answer.read()
    except (OSError, http.client.HTTPException) as fault:
        raise Stop(1, f"{request.host} does not answer: {fault}") from None


def ask(app, endpoint, **form):
    """Status and members of EasyAuth's answer. Waits and asks again, once, if it is told to."""
    url, data = f"{app}/easyauth/api/v1/{endpoint}", urllib.parse.urlencode(form)
    for again in (True, False):
        request = urllib.request.Request(f"{url}?{data}") if endpoint == "login" else urllib.request.Request(url, data.encode())
        status, headers, body = send(request)
        wait = headers.get("Retry-After", "")
        if not again or status not in (429, 503) or not re.fullmatch("[0-9]{1,2}", wait):
            break
        say(f"EasyAuth asks to wait {wait} seconds")
        time.sleep(int(wait))
    try:
        members = json.loads(body or b"{}")
    except ValueError:
        members = {}
    return status, members if isinstance(members, dict) else {}


def granted(answer):
    """The members of an answer that is none of refusal."""
    status, members = answer
    if status == 200:
        return members
    if "error" not in members:
        raise Stop(1, f"EasyAuth answers {status}")
    text = f"{members['error']}: {members.get('error_description')}"
    raise Stop(5, text + AGAIN) if members["error"] == "invalid_grant" else Stop(1, text)


class Session:
    """The tokens of an application, in a file that is ours alone. They go to that application, and nowhere else."""

    def __init__(self, app, file):
        self.app, self.file = app, file
        os.makedirs(os.path.dirname(os.path.abspath(file)), mode=0o700, exist_ok=True)

    @contextlib.contextmanager
    def locked(self):
        """One program at a time: a refresh token is good once, and one that comes again ends the session."""
        with open(os.open(self.file + ".lock", os.O_WRONLY | os.O_CREAT, 0o600), "w", encoding="ascii") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield

    def load(self):
        try:
            with open(self.file, encoding="utf-8") as file:
                kept = json.load(file)
        except FileNotFoundError:
            raise Stop(5, "Nobody is signed in: session.py login") from None
        except ValueError:
            raise Stop(1, f"{self.file} cannot be read") from None
        if kept["app"] != self.app:
            raise Stop(2, f"{self.file} is for {kept['app']}")
        return kept

    def keep(self, answer):
        """The tokens of an answer take the place of the old ones, all at once. The lock is held."""
        members = granted(answer)
        kept = {"app": self.app, "access_token": members["access_token"], "refresh_token": members.get("refresh_token"), "expires_at": int(time.time()) + members["expires_in"]}
        descriptor, new = tempfile.mkstemp(prefix=os.path.basename(self.file) + ".", dir=os.path.dirname(os.path.abspath(self.file)))  # 0600
        with open(descriptor, "w", encoding="utf-8") as file:
            json.dump(kept, file)
        os.replace(new, self.file)
        return kept

    def renew(self, token):
        """What is kept in place of this token, unless another program has been quicker."""
        with self.locked():
            kept = self.load()
            if kept["access_token"] != token:
                return kept
            if not kept["refresh_token"]:
                raise Stop(5, "The token has expired, and there is none to refresh it." + AGAIN)
            return self.keep(ask(self.app, "token", grant_type="refresh_token", refresh_token=kept["refresh_token"]))

    def login(self):
        verifier, state = secrets.token_urlsafe(32), secrets.token_urlsafe(32)
        challenge = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()
        with listener(state) as (redirect, answers):
            begun = granted(ask(self.app, "login", redirect_uri=redirect, state=state, code_challenge=challenge, code_challenge_method="S256"))
            say(f"Open this address in a browser of this computer:\n{begun['login_url']}")
            try:
                answer = answers.get(timeout=begun["expires_in"])
            except queue.Empty:
                raise Stop(1, "Nobody came back from the browser.") from None
        if "code" not in answer:
            raise Stop(1, f"The program was not let in: {answer.get('error')}")
        with self.locked():
            self.keep(ask(self.app, "token", grant_type="authorization_code", code=answer["code"], redirect_uri=redirect, code_verifier=verifier))

    def exchange(self, file, kind):
        try:
            with open(file, encoding="ascii") as text:
                token = text.read().strip()
        except (OSError, ValueError) as fault:
            raise Stop(2, f"{file} cannot be read: {fault}") from None
        form = {"subject_token": token, "subject_token_type": "urn:ietf:params:oauth:token-type:" + kind}
        with self.locked():
            self.keep(ask(self.app, "token", grant_type="urn:ietf:params:oauth:grant-type:token-exchange", **form))

    def fetch(self, path, token):
        headers = {"Authorization": "Bearer " + token, "Accept": "application/json"}
        status, got, body = send(urllib.request.Request(self.app + path, headers=headers))
        return status, ", ".join(got.get_all("WWW-Authenticate", [])), got.get("Retry-After"), body

    def call(self, path):
        """The answer of the application, with a token that is good for half a minute at least."""
        kept = self.load()
        if kept["expires_at"] < time.time() + 30 and kept["refresh_token"]:
            kept = self.renew(kept["access_token"])
        status, challenge, wait, body = self.fetch(path, kept["access_token"])
        if status == 401 and 'error="invalid_token", error_description="expired"' in challenge:
            kept = self.renew(kept["access_token"])
            status, challenge, wait, body = self.fetch(path, kept["access_token"])
        if 200 <= status < 300:
            return body
        if status == 401 and 'error="invalid_token"' in challenge:
            raise Stop(5, f"The session has ended: {challenge}{AGAIN}")
        if status == 401 and 'error="insufficient_' in challenge:
            raise Stop(3, f"The token is good, and does not suffice: {challenge}")
        if status == 401:
            raise Stop(1, f"It could not be told whether the token is good. Try again later. {challenge}")
        if status == 403:
            raise Stop(4, "The application refuses: " + body.decode(errors="replace"))
        raise Stop(1, f"{self.app}{path} answers {status}." + (f" Retry-After: {wait}" if wait else ""))

    def logout(self):
        """The session ends at the server too, with all of its tokens, if it can."""
        with self.locked():
            kept = self.load()
            status, members = ask(self.app, "revoke", token=kept["refresh_token"] or kept["access_token"])
            if status == 400 and members.get("error") == "unsupported_token_type":
                until = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(kept["expires_at"]))
                say(f"EasyAuth cannot end this session. Its token is gone from here, and good until {until}.")
            else:
                granted((status, members))
            os.remove(self.file)


@contextlib.contextmanager
def listener(state):
    """Listens on a port of this computer alone: its address, and the answers that come with our state."""
    answers = queue.Queue()

    class Handler(http.server.BaseHTTPRequestHandler):
        timeout = 10  # seconds that a browser may take to say what it wants

        def do_GET(self):
            path, _, query = self.path.partition("?")
            answer = dict(urllib.parse.parse_qsl(query))
            if path != "/back":
                self.reply(404, "There is nothing here.")
            elif not secrets.compare_digest(answer.get("state", "").encode(), state.encode()):
                say("An answer of another sign-in was refused: its state is not ours.")
                self.reply(400, "This is the answer to another sign-in. Start again in the program.")
            else:
                self.reply(200, "You can close this window and go back to the program.")
                answers.put(answer)

        def reply(self, status, text):
            self.send_response(status)
            headers = {"Content-Type": "text/plain", "Content-Length": len(text), "Cache-Control": "no-store", "Referrer-Policy": "no-referrer", "Connection": "close"}
            for name, value in headers.items():
                self.send_header(name, str(value))
            self.end_headers()
            self.wfile.write(text.encode())

        def log_message(self, *_):
            """Says nothing: the address has the code."""

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        try:
            yield f"http://127.0.0.1:{server.server_port}/back", answers
        finally:
            server.shutdown()


def checked(url):
    """The application's address: tokens travel over https, or stay on this computer."""
    at = urllib.parse.urlsplit(url)
    safe = at.scheme == "https" or at.scheme == "http" and at.hostname in ("127.0.0.1", "::1", "localhost")
    if not safe or not at.hostname or "@" in at.netloc or "\\" in url or at.path not in ("", "/") or at.query or at.fragment:
        raise Stop(2, "APP_URL must be https, or http on this computer, without a path")
    return f"{at.scheme}://{at.netloc}"


def main(words):
    folder = os.environ.get("XDG_STATE_HOME") or os.path.join(os.path.expanduser("~"), ".local", "state")
    file = os.environ.get("SESSION_FILE") or os.path.join(folder, "easyauth-session.json")
    session = Session(checked(os.environ.get("APP_URL", "")), file)
    if words in (["login"], ["logout"]):
        getattr(session, words[0])()
    elif words == ["refresh"]:
        session.renew(session.load()["access_token"])
    elif len(words) == 2 and words[0] == "call" and words[1].startswith("/"):
        sys.stdout.buffer.write(session.call(words[1]))
    elif words[:1] == ["exchange"] and (len(words) == 2 or words[2:] in (["id_token"], ["access_token"])):
        session.exchange(words[1], (words + ["id_token"])[2])
    else:
        raise Stop(2, USE)


if __name__ == "__main__":
    try:
        main(sys.argv[1:])
    except Stop as stop:
        say(stop.args[1])
        sys.exit(stop.args[0])
