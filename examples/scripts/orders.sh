#!/usr/bin/env bash
# Calls an API behind EasyAuth with an access token, and prints the answer. Needs curl.
#
#   orders.sh app       as an application, with the client credentials JOB_ID and JOB_SECRET_FILE
#   orders.sh device    as a person, who signs in with a browser on any device; CLI_ID
#
# Exit code: 0 the answer is printed; 2 wrong use; 3 the token is good, and a scope, role or group is missing;
# 4 the application itself refuses; 1 everything else.
set -euo pipefail

how=${1:-}
: "${TENANT_ID:?}" "${API_ID:?the client ID of EasyAuth}" "${API_URL:?}"
endpoint=${AUTHORITY:-https://login.microsoftonline.com}/$TENANT_ID/oauth2/v2.0

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

say() { printf '%s\n' "$*" >&2; }

# member NAME: the last text of this name in the JSON on stdin.
member() { sed -n 's/.*"'"$1"'" *: *"\([^"]*\)".*/\1/p' | tail -n 1; }

# ask PATH OPTION...: a request to the identity provider; its answer is in $work/answer.
ask() {
  local path=$1
  shift
  curl -sS -o "$work/answer" "$endpoint/$path" "$@"
}

# granted: the token of the last answer, or what the provider says instead.
granted() {
  token=$(member access_token <"$work/answer")
  if [[ -z $token ]]; then
    say "no token: $(member error <"$work/answer"): $(member error_description <"$work/answer")"
    exit 1
  fi
}

# The secret comes from a file (without a line break at its end), so that no list of processes shows it.
token_app() {
  ask token --data-urlencode grant_type=client_credentials --data-urlencode "client_id=${JOB_ID:?}" \
    --data-urlencode "client_secret@${JOB_SECRET_FILE:?}" --data-urlencode "scope=api://$API_ID/.default"
  granted
}

token_device() {
  local interval
  ask devicecode --data-urlencode "client_id=${CLI_ID:?}" --data-urlencode "scope=api://$API_ID/${SCOPE:-Orders.Read}"
  # From a file too, which only this user reads: who has the code gets the token.
  member device_code <"$work/answer" | tr -d '\n' >"$work/code"
  if [[ ! -s $work/code ]]; then
    granted
  fi
  say "Open $(member verification_uri <"$work/answer") and enter $(member user_code <"$work/answer")"
  interval=$(sed -n 's/.*"interval" *: *"\{0,1\}\([0-9]*\).*/\1/p' "$work/answer")
  while true; do
    sleep "${interval:-5}"
    ask token --data-urlencode grant_type=urn:ietf:params:oauth:grant-type:device_code \
      --data-urlencode "client_id=$CLI_ID" --data-urlencode "device_code@$work/code"
    case $(member error <"$work/answer") in
      authorization_pending) ;;
      slow_down) interval=$((${interval:-5} + 5)) ;;
      *) break ;;
    esac
  done
  granted
}

# call: sets status and challenge; the body is in $work/body. No redirect is followed.
call() {
  status=$(curl -sS -o "$work/body" -D "$work/head" -w '%{http_code}' \
    -H @<(printf 'Authorization: Bearer %s' "$token") -H 'Accept: application/json' "$API_URL")
  challenge=$(grep -i '^www-authenticate: *bearer' "$work/head" | tr -d '\r' || true)
}

case $how in
  app | device) ;;
  *)
    say "orders.sh app | device"
    exit 2
    ;;
esac

"token_$how"
call
if [[ $status == 401 && $challenge == *'error="invalid_token"'* ]]; then
  "token_$how" # it has expired, or a key was replaced: once more with a new one
  call
elif [[ $status == 401 && $challenge != *'error="'* ]]; then
  sleep "${WAIT:-5}" # it could not be checked just now, or EasyAuth takes no tokens
  call
fi

case $status in
  2??) cat "$work/body" ;;
  401)
    say "refused: $challenge"
    [[ $challenge != *'error="insufficient_scope"'* ]] || exit 3
    exit 1
    ;;
  403)
    say "the application refuses: $(cat "$work/body")"
    exit 4
    ;;
  *)
    say "$API_URL answers $status"
    exit 1
    ;;
esac
