"""The router beside a Worker that returns the same bytes from R2 with no logic, on the same workerd, in turns.

Usage: benches/router.sh FLAREKEEP. Prints a table: medians of requests a second, and what the router reaches of the bare one.
"""

import hashlib
import json
import os
import pathlib
import random
import re
import statistics
import subprocess
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).parent.parent / "conformance"))
from router.sites import DOMAIN, Platform  # noqa: E402

ROUNDS, SECONDS = int(os.environ.get("ROUNDS", "7")), os.environ.get("SECONDS_EACH", "3")
RELEASE = "01jd3m8q7rabcdef"
#: The bytes of the blob that the path's number names.
BARE = """import KEYS from "./keys.js";
export default { async fetch(request, env) {
  const at = Number(/[0-9]+/.exec(new URL(request.url).pathname)[0]);
  const object = await env.BUCKET.get(KEYS[at]);
  return new Response(object.body, { headers: { "content-type": "application/octet-stream" } });
} }"""
#: Asks for one file, or for all in turns.
LUA = """local n, at = tonumber(os.getenv("FILES")), 0
request = function() at = (at + 1) % n; return wrk.format("GET", "/" .. at .. ".bin") end"""


def measured(platform, host, files, script):
    command = ["wrk", "-t1", "-c16", f"-d{SECONDS}s", "-s", script, "-H", f"Host: {host}", platform.edge]
    out = subprocess.run(command, capture_output=True, text=True, env={**os.environ, "FILES": str(files)}, check=True).stdout
    assert "Non-2xx" not in out and "Socket errors" not in out, out
    return float(re.search(r"Requests/sec:\s+([\d.]+)", out)[1])


def main():
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        script = folder / "wrk.lua"
        script.write_text(LUA)
        with Platform(folder / "emulator", cached="--through-entrypoint" in sys.argv) as platform:
            cases = {
                "one of 2 KiB": ("one", 1, 2 << 10),
                "one of 100 KiB": ("large", 1, 100 << 10),
                "one of 1 MiB": ("big", 1, 1 << 20),
                # More than an isolate keeps, in turns: what is asked for is never there.
                "13,000 of 2 KiB": ("many", 13_000, 2 << 10),
                "400 of 100 KiB": ("heavy", 400, 100 << 10),
            }
            for name, files, size in cases.values():
                bodies = [os.urandom(size) for _ in range(files)]
                platform.release(name, RELEASE, {f"/{at}.bin": body for at, body in enumerate(bodies)})
                platform.live(name, RELEASE)
                keys = [f"sites/{name}/blobs/{hashlib.sha256(body).hexdigest()}" for body in bodies]
                modules = {"index.js": BARE, "keys.js": f"export default {json.dumps(keys)}"}
                platform.upload(f"bare-{name}", modules, [{"type": "r2_bucket", "name": "BUCKET", "bucket_name": "sites"}])
                platform.route(f"bare-{name}.{DOMAIN}/*", f"bare-{name}")
                for host in (f"{name}.{DOMAIN}", f"bare-{name}.{DOMAIN}"):
                    assert platform.raw("GET", f"/{files - 1}.bin", host).body == bodies[-1], host
            got = {}
            for _ in range(ROUNDS):
                turns = [(case, who) for case in cases for who in ("bare", "router")]
                random.shuffle(turns)
                for case, who in turns:
                    name, files, _ = cases[case]
                    host = f"{name}.{DOMAIN}" if who == "router" else f"bare-{name}.{DOMAIN}"
                    got.setdefault((case, who), []).append(measured(platform, host, files, script))
    print(f"{'files':16} {'bare/s':>8} {'router/s':>9} {'share':>6}")
    for case in cases:
        bare, router = (statistics.median(got[case, who]) for who in ("bare", "router"))
        print(f"{case:16} {bare:8.0f} {router:9.0f} {router / bare:6.0%}")


main()
