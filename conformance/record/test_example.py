"""What a newcomer is shown: `npx wrangler deploy` in examples/worker, recorded with no account, and under the guard."""

import json
import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

import proof
from conftest import MODULES, NODE, WRANGLER

EXAMPLE = Path(__file__).parents[2] / "examples/worker"
#: What wrangler calls only where a Worker has custom domains.
DOMAINS = [
    "POST /accounts/{account_id}/workers/scripts/{script_name}/domains/changeset",
    "PUT /accounts/{account_id}/workers/scripts/{script_name}/domains/records",
]
PICTURES = "0f2ac74b498b48028cb68387c421e279"


@pytest.fixture(autouse=True)
def installed():
    if not WRANGLER.exists() or not shutil.which("npx"):
        pytest.skip("wrangler is not installed: conformance/run needs npm for it")


def example(folder):
    """The example as it stands, with wrangler installed in it."""
    shutil.copytree(EXAMPLE, folder, dirs_exist_ok=True)
    (folder / "node_modules").symlink_to(MODULES)
    return folder


def surroundings(home, **more):
    path = f"{Path(os.environ['FLAREKEEP_BIN']).parent}:{NODE.parent}:/usr/local/bin:/usr/bin:/bin"
    return {"PATH": path, "HOME": str(home), "NO_COLOR": "1", "WRANGLER_SEND_METRICS": "false", **more}


def flarekeep(line, folder, **more):
    """A line as it would be typed, which must succeed: what it printed."""
    command = ["sh", "-c", line]
    ran = subprocess.run(
        command, cwd=folder, env=surroundings(folder, **more), stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=180
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr
    return ran.stdout, ran.stderr


def test_with_no_account(tmp_path):
    folder = example(tmp_path / "worker")
    shown, _ = flarekeep("flarekeep record --to emulator -- npx wrangler deploy", folder)
    assert "images.example.com (custom domain)" in shown
    assert "no smaller set does (certificate verified)" in shown
    for group in ("Workers Scripts Write", "Workers Routes Write", "Zone Read", "Workers R2 Storage Read"):
        assert group in shown


def test_the_plan_is_that_of_the_emulators_log(proved):
    def prepare(local):
        local.admin("POST", f"/accounts/{proof.ACCOUNT}/r2/buckets", {"name": "pictures"})
        return local.admin("POST", f"/accounts/{proof.ACCOUNT}/storage/kv/namespaces", {"title": "counters"})["id"]

    def job(recorded, namespace):
        folder = example(recorded.folder)
        given = folder / "wrangler.jsonc"
        given.write_text(given.read_text().replace(PICTURES, namespace))
        recorded("npx", "wrangler", "deploy")
        # The second deployment finds the domain attached.
        recorded("npx", "wrangler", "deploy")

    def check(local):
        [domain] = local.admin("GET", f"/accounts/{proof.ACCOUNT}/workers/domains")
        assert (domain["hostname"], domain["service"]) == ("images.example.com", "images")
        [route] = local.admin("GET", f"/zones/{proof.ZONE}/workers/routes")
        assert (route["pattern"], route["script"]) == ("example.com/images/*", "images")

    plan = proved(job, prepare, check)
    # A configuration says the same of custom domains, without anything being run.
    known = {"PATH": os.environ["PATH"]}
    line = [os.environ["FLAREKEEP_BIN"], "plan", "--wrangler", EXAMPLE / "wrangler.jsonc", "-o", "json"]
    ran = subprocess.run(line, env=known, capture_output=True, text=True, timeout=60)
    assert ran.returncode == 0, ran.stderr
    assert domain_calls(plan) == domain_calls(json.loads(ran.stdout)) == DOMAINS


def domain_calls(plan):
    return sorted({need["operation"] for need in plan["needs"] if "/domains" in need["operation"]})


@pytest.mark.parametrize("example_as_it_is", [False, True])
def test_the_child_never_sees_the_token(tmp_path, example_as_it_is):
    folder = tmp_path / "worker"
    options = ""
    if example_as_it_is:
        example(folder)
        options = " --with routes --with custom-domains --with cron-triggers"
    else:
        folder.mkdir()
        (folder / "node_modules").symlink_to(MODULES)
        (folder / "worker.js").write_text("export default { fetch() { return new Response('hello') } }\n")
        (folder / "wrangler.json").write_text('{"name": "images", "main": "worker.js", "compatibility_date": "2026-08-01"}')
    with proof.Local(tmp_path / "local") as local:
        account = f"/accounts/{proof.ACCOUNT}"
        local.admin("PUT", f"{account}/workers/subdomain", {"subdomain": "acme"})
        local.admin("POST", f"{account}/r2/buckets", {"name": "pictures"})
        namespace = local.admin("POST", f"{account}/storage/kv/namespaces", {"title": "counters"})["id"]
        if example_as_it_is:
            given = folder / "wrangler.jsonc"
            given.write_text(given.read_text().replace(PICTURES, namespace))
        manager = {
            "CLOUDFLARE_API_BASE_URL": local.api,
            "CLOUDFLARE_EMAIL": proof.EMAIL,
            "CLOUDFLARE_API_KEY": local.global_key,
            "CLOUDFLARE_ACCOUNT_ID": proof.ACCOUNT,
            "CLOUDFLARE_ZONE_ID": proof.ZONE,
        }
        # What the child has, and whether it is worth anything where no guard stands before.
        ask = (
            'printf \'header = "Authorization: Bearer %s"\' "$CLOUDFLARE_API_TOKEN" |'
            f" curl -s --noproxy '*' -K - {local.api}/user/tokens/verify"
        )
        guard = f"flarekeep exec --guard --recipe wrangler-deploy{options} -- sh -c 'env; npx wrangler deploy'"
        said, _ = flarekeep(guard, folder, **manager)
        assert "Uploaded images" in said and local.global_key not in said
        assert "images" in [script["id"] for script in local.admin("GET", f"{account}/workers/scripts")]
        if example_as_it_is:
            assert "images.example.com (custom domain)" in said
        value = re.search("^CLOUDFLARE_API_TOKEN=(.+)$", said, re.M)[1]
        assert not value.startswith("cf"), "a stand-in has not the form of a token"
        (tmp_path / "ask.sh").write_text(ask)
        for how, active in ((" --guard", False), ("", True)):
            line = f"flarekeep exec{how} --recipe wrangler-deploy -- sh {tmp_path / 'ask.sh'}"
            answer = json.loads(flarekeep(line, folder, **manager)[0])
            assert answer["success"] == active, f"exec{how}: {answer}"
        assert local.admin("GET", "/user/tokens") == [], "nothing is left"
