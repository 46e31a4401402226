"""`flarekeep exec` around the real curl: the command's token may do its work, no more, and is dead when the command ends."""

import json
import os
import shutil
import signal
import subprocess
import time

import pytest

import proof

pytestmark = pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not installed")
EXEC = ("exec", "--recipe", "wrangler-deploy", "--account", "Acme", "--zone", "example.com")
#: Calls as wrangler's user would script them, with the names that exec sets. The header goes in by standard input: an
#: argument could be read by other users of the machine.
SCRIPT = """
umask 077
printf '%s' "$CLOUDFLARE_API_TOKEN" >child.token
ask() {
    printf 'header = "Authorization: Bearer %s"' "$CLOUDFLARE_API_TOKEN" |
        curl --silent --show-error --config - --output "$1.json" --write-out '%{http_code}' "$2"
}
ask allowed "$BASE/accounts/$CLOUDFLARE_ACCOUNT_ID/workers/scripts" >allowed
ask refused "$BASE/zones/$ZONE/dns_records" >refused
"""


@pytest.fixture
def shop(fresh):
    fresh.environment |= {"BASE": fresh.local.api, "ZONE": proof.ZONE}
    return fresh


def child_value(life):
    return (life.folder / "child.token").read_text()


def test_curl_may_do_the_work_and_no_more(shop):
    printed = shop(*EXEC, "--report", "report.json", "--", "sh", "-c", SCRIPT)
    assert (shop.folder / "allowed").read_text() == "200"
    assert json.loads((shop.folder / "allowed.json").read_text())["success"] is True
    assert (shop.folder / "refused").read_text() == "403"
    value = child_value(shop)
    assert value and value not in printed and shop.is_dead(value)
    assert value != shop.local.global_key
    assert shop.living() == {}
    report = json.loads((shop.folder / "report.json").read_text())
    assert report["token"]["revoked"] is True and report["exit_status"] == 0 and value not in json.dumps(report)


def test_the_command_ends_as_it_ends_and_its_token_with_it(shop):
    shop(*EXEC, "--", "sh", "-c", SCRIPT + "exit 7", ends=7)
    assert shop.is_dead(child_value(shop)) and shop.living() == {}


def test_a_token_dies_with_its_command_when_both_are_told_to_end(shop):
    script = SCRIPT + "touch ready; sleep 60"
    command = [os.environ["FLAREKEEP_BIN"], *EXEC, "--", "sh", "-c", script]
    running = subprocess.Popen(command, cwd=shop.folder, env=shop.environment, stderr=subprocess.DEVNULL)
    try:
        until = time.monotonic() + 30
        while not (shop.folder / "ready").exists():
            assert running.poll() is None and time.monotonic() < until
            time.sleep(0.02)
        value = child_value(shop)
        path = f"/accounts/{proof.ACCOUNT}/workers/scripts"
        assert shop.send(value, "GET", path)[0] == 200
        running.send_signal(signal.SIGTERM)
        assert running.wait(timeout=30) == 128 + signal.SIGTERM
    finally:
        running.kill()
        running.wait()
    assert shop.is_dead(value) and shop.living() == {}


def test_a_declared_token_lends_what_it_holds(life):
    life.environment |= {"BASE": life.local.api, "ZONE": proof.ZONE}
    options = ("--token", "shop-deploy-prod", "--owner", "account", "--account", "Acme")
    life("exec", *options, "--", "sh", "-c", SCRIPT)
    assert ((life.folder / "allowed").read_text(), (life.folder / "refused").read_text()) == ("200", "403")
    assert life.is_dead(child_value(life))
    life.all_work()
