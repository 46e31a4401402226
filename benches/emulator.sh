#!/usr/bin/env bash
# GET /user/tokens/verify on the emulator, with authentication and authorisation, beside a bare axum handler (the limit):
# wrk, 16 connections, the two in turns. Usage: emulator.sh FLAREKEEP BARE_AXUM. Needs wrk, curl and python3.
set -euo pipefail
flarekeep=$(realpath "$1") bare=$(realpath "$2") rounds=${ROUNDS:-5} seconds=${SECONDS_EACH:-4}
work=$(mktemp -d)
trap 'kill $emulator_pid $bare_pid 2>/dev/null || true; rm -r "$work"' EXIT

"$flarekeep" emulate --listen 127.0.0.1:0 --json --quiet --rate-limit off >"$work/first" 2>/dev/null &
emulator_pid=$!
"$bare" 127.0.0.1:8798 &
bare_pid=$!
for _ in $(seq 100); do [ -s "$work/first" ] && break; sleep 0.05; done
field() { python3 -c "import json,sys; print(json.loads(open('$work/first').readline())$1)"; }
api=$(field "['api']")
(
  cd "$work"
  CLOUDFLARE_API_BASE_URL=$api CLOUDFLARE_EMAIL=$(field "['email']") CLOUDFLARE_API_KEY=$(field "['global_key']") \
    CLOUDFLARE_ACCOUNT_ID=$(field "['account_id']") CLOUDFLARE_ZONE_ID=$(field "['zones'][0]['id']") \
    "$flarekeep" token create --quiet --recipe saas-platform --name bench --to file:token --yes >/dev/null
)
token=$(cat "$work/token")
rate() { # URL
  wrk -t1 -c16 -d"${seconds}s" -H "Authorization: Bearer $token" "$1" | awk '/Requests\/sec/ {print $2} /Non-2xx/ {print "non-2xx answers" > "/dev/stderr"; exit 1}'
}
curl -fsS -H "Authorization: Bearer $token" "$api/user/tokens/verify" >/dev/null
rate "http://127.0.0.1:8798/" >/dev/null
for _ in $(seq "$rounds"); do
  echo "$(rate "http://127.0.0.1:8798/") $(rate "$api/user/tokens/verify")"
done | python3 -c "
import statistics, sys
rows = [tuple(map(float, line.split())) for line in sys.stdin]
bare, ours = (statistics.median(column) for column in zip(*rows))
ratio = statistics.median(b / a for a, b in rows)
print(f'bare axum handler      {bare:10.0f} calls/s')
print(f'emulator, verify       {ours:10.0f} calls/s   x{ratio:.2f}')
print(('ok  ' if ratio >= 0.70 else 'MISS') + f' at least 0.70 of the bare handler ({ratio:.2f})')
sys.exit(ratio < 0.70)
"
