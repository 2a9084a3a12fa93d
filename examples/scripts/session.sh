#!/usr/bin/env bash
# Signs a person in to an application behind EasyAuth, and calls it as them. Needs curl, jq, openssl, flock and socat.
#
#   session.sh login                  with a browser of this computer
#   session.sh exchange FILE [TYPE]   with a token of the identity provider: an id_token, or TYPE access_token
#   session.sh call PATH              prints what the application answers
#   session.sh refresh                gets new tokens although the old ones are good
#   session.sh logout                 ends the session
#
# APP_URL is the application (https://app.example.com). Its tokens are in the file SESSION_FILE.
# Exit code: 0 done; 2 wrong use; 3 the token is good, and a role, group, scope or better sign-in is missing;
# 4 the application itself refuses; 5 nobody is signed in, or no longer; 1 everything else.
set -euo pipefail
umask 077

app=${APP_URL:?}
app=${app%/}
file=${SESSION_FILE:-${XDG_STATE_HOME:-$HOME/.local/state}/easyauth-session.json}

say() { printf '%s\n' "$*" | tr -cd '[:print:]\n' >&2; }

# stop CODE TEXT
stop() {
  say "${@:2}"
  exit "$1"
}

# form NAME VALUE...: as a form, which other programs get from a pipe: arguments are for everybody to read.
form() {
  local between=
  while (($#)); do
    printf '%s%s=' "$between" "$1"
    printf '%s' "$2" | jq -Rsj @uri
    between='&'
    shift 2
  done
}

# header NAME: of the last answer.
header() { { grep -i "^$1:" "$work/head" || true; } | sed 's/^[^:]*: *//' | tr -d '\r'; }

# ask ENDPOINT NAME VALUE...: sets status; the answer is in $work/answer. Waits and asks again, once, if it is told to.
ask() {
  local url=$app/easyauth/api/v1/$1 get=() again wait
  [[ $1 != login ]] || get=(-G)
  for again in true false; do
    : >"$work/answer"
    status=$(form "${@:2}" | curl -sS -m 60 -o "$work/answer" -D "$work/head" -w '%{http_code}' "${get[@]}" --data-binary @- "$url") ||
      stop 1 "$app does not answer"
    wait=$(header retry-after)
    if ! $again || [[ $status != 429 && $status != 503 || ! $wait =~ ^[0-9]{1,2}$ ]]; then
      return
    fi
    say "EasyAuth asks to wait $wait seconds"
    sleep "$wait"
  done
}

# refused: what EasyAuth says instead of what it was asked for.
refused() {
  local text
  text=$(jq -r 'select(.error) | "\(.error): \(.error_description)"' "$work/answer" 2>"$work/errors") || true
  text=${text:-EasyAuth answers $status}
  [[ $text != invalid_grant:* ]] || stop 5 "$text"$'\n'"Sign in again: $0 login"
  stop 1 "$text"
}

# lock: one program at a time, until unlock or the end. A refresh token is good once: one that comes again ends the session.
lock() {
  exec 9>"$file.lock"
  flock -w 200 9 || stop 1 "another program holds $file.lock"
}
unlock() { exec 9>&-; }

# load: sets token, refresh and expires. A token is for the application that it came from, and goes nowhere else.
load() {
  local owner
  [[ -f $file ]] || stop 5 "Nobody is signed in: $0 login"
  { read -r owner && read -r token && read -r refresh && read -r expires; } \
    < <(jq -r '.app, .access_token, .refresh_token // "", .expires_at' "$file") || stop 1 "$file cannot be read"
  [[ $owner == "$app" ]] || stop 2 "$file is for $owner"
}

# keep: the tokens of the last answer take the place of the old ones, all at once. The lock is held.
keep() {
  [[ $status == 200 ]] || refused
  jq --arg app "$app" '{app: $app, access_token, refresh_token, expires_at: (now + .expires_in | floor)}' "$work/answer" >"$work/new"
  mv -f "$work/new" "$file"
}

# renew TOKEN: sets a token in place of this one, unless another program has been quicker.
renew() {
  lock
  load
  if [[ $token == "$1" ]]; then
    [[ -n $refresh ]] || stop 5 "The token has expired, and there is none to refresh it."$'\n'"Sign in again: $0 login"
    ask token grant_type refresh_token refresh_token "$refresh"
    keep
    load
  fi
  unlock
}

base64url() { openssl base64 -A | tr '+/' '-_' | tr -d '='; }

# answered NAME QUERY: a parameter of what the browser brings. Those that count for us have no escapes.
answered() {
  if [[ "&$2&" =~ "&$1="([^&]*)"&" ]]; then
    printf '%s' "${BASH_REMATCH[1]}"
  fi
}

# back: answers one request of a browser, on stdin and stdout. socat runs it in a bash of its own.
back() {
  local method target rest status=200 text='You can close this window and go back to the program.'
  read -rt 10 method target rest || return
  while IFS= read -rt 10 rest && [[ -n ${rest%$'\r'} ]]; do :; done
  if [[ $method != GET || $target != /back\?* ]]; then
    status=404 text='There is nothing here.'
  elif [[ $(answered state "${target#*\?}") != "$state" ]]; then
    status=400 text='This is the answer to another sign-in. Start again in the program.'
  fi
  printf '%s\r\n' "HTTP/1.1 $status " 'Content-Type: text/plain' "Content-Length: ${#text}" 'Cache-Control: no-store' \
    'Referrer-Policy: no-referrer' 'Connection: close' ''
  printf '%s' "$text"
  [[ $status == 404 ]] || printf '%s\n' "${target#*\?}" >"$work/back"
}

# listen: on a port of this computer alone, until the end. Sets port.
listen() {
  mkfifo "$work/back"
  exec 8<>"$work/back"
  export work state
  export -f answered back
  : >"$work/socat"
  timeout 660 socat -d -d TCP4-LISTEN:0,bind=127.0.0.1,fork,max-children=9 EXEC:'bash -c back' 2>>"$work/socat" &
  listener=$!
  for _ in {1..50}; do
    port=$(sed -n 's/.*listening on .*127\.0\.0\.1:\([0-9]*\)$/\1/p' "$work/socat")
    [[ -z $port ]] || return 0
    sleep 0.1
  done
  stop 1 "socat cannot listen: $(<"$work/socat")"
}

login() {
  local verifier state challenge port redirect lasts query code
  verifier=$(openssl rand 32 | base64url)
  state=$(openssl rand 32 | base64url)
  challenge=$(printf '%s' "$verifier" | openssl dgst -sha256 -binary | base64url)
  listen
  redirect=http://127.0.0.1:$port/back
  ask login redirect_uri "$redirect" state "$state" code_challenge "$challenge" code_challenge_method S256
  [[ $status == 200 ]] || refused
  lasts=$(jq -r .expires_in "$work/answer")
  say "Open this address in a browser of this computer:"
  say "$(jq -r .login_url "$work/answer")"
  while true; do
    IFS= read -r -t "$lasts" -u 8 query || stop 1 "Nobody came back from the browser."
    [[ $(answered state "$query") != "$state" ]] || break
    say "An answer of another sign-in was refused: its state is not ours."
  done
  code=$(answered code "$query")
  [[ -n $code ]] || stop 1 "The program was not let in: $(answered error "$query")"
  lock
  ask token grant_type authorization_code code "$code" redirect_uri "$redirect" code_verifier "$verifier"
  keep
}

# exchange FILE TYPE
exchange() {
  [[ -r $1 ]] || stop 2 "$1 cannot be read"
  lock
  ask token grant_type urn:ietf:params:oauth:grant-type:token-exchange \
    subject_token "$(<"$1")" subject_token_type "urn:ietf:params:oauth:token-type:$2"
  keep
}

# fetch PATH: sets status and challenge; the body is in $work/body. No redirect is followed.
fetch() {
  status=$(printf 'Authorization: Bearer %s' "$token" |
    curl -sS -g -m 60 -o "$work/body" -D "$work/head" -w '%{http_code}' -H @- -H 'Accept: application/json' "$app$1") ||
    stop 1 "$app does not answer"
  challenge=$(header www-authenticate)
}

# call PATH: with a token that is good for half a minute at least.
call() {
  load
  if ((expires < $(date +%s) + 30)) && [[ -n $refresh ]]; then
    renew "$token"
  fi
  fetch "$1"
  if [[ $status == 401 && $challenge == *'error="invalid_token", error_description="expired"'* ]]; then
    renew "$token"
    fetch "$1"
  fi
  case $status/$challenge in
    2??/*) cat "$work/body" ;;
    401/*'error="invalid_token"'*) stop 5 "The session has ended: $challenge"$'\n'"Sign in again: $0 login" ;;
    401/*'error="insufficient_'*) stop 3 "The token is good, and does not suffice: $challenge" ;;
    401/*) stop 1 "It could not be told whether the token is good. Try again later. $challenge" ;;
    403/*) stop 4 "The application refuses: $(<"$work/body")" ;;
    *) stop 1 "$app$1 answers $status. $(sed -n 's/^[Rr]etry-[Aa]fter:.*/&/p' "$work/head")" ;;
  esac
}

# logout: the session ends at the server too, with all of its tokens, if it can.
logout() {
  lock
  load
  ask revoke token "${refresh:-$token}"
  if [[ $status == 400 && $(jq -r .error "$work/answer") == unsupported_token_type ]]; then
    say "EasyAuth cannot end this session. Its token is gone from here, and good until $(jq -r '.expires_at | todate' "$file")."
  elif [[ $status != 200 ]]; then
    refused
  fi
  rm -f "$file"
}

if [[ ! $app =~ ^(https://[^/?#@\\]+|http://(127\.0\.0\.1|\[::1\]|localhost)(:[0-9]+)?)$ ]]; then
  stop 2 "APP_URL must be https, or http on this computer, without a path"
fi
mkdir -p "$(dirname "$file")"
work=$(mktemp -d "$file.XXXXXX")
listener=
trap '[[ -z $listener ]] || kill "$listener"; rm -rf "$work"' EXIT

case $#:$* in
  1:login | 1:logout | 2:call\ /*) "$@" ;;
  2:exchange\ *) exchange "$2" id_token ;;
  3:exchange\ *\ id_token | 3:exchange\ *\ access_token) exchange "$2" "$3" ;;
  1:refresh)
    load
    renew "$token"
    ;;
  *) stop 2 "session.sh login | exchange FILE [id_token | access_token] | call PATH | refresh | logout" ;;
esac
