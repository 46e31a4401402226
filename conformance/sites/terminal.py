"""The other terminal: what `flarekeep emulate --edge` prints is exported, and commands are typed."""

import json
import os
import subprocess
from pathlib import Path

import proof
from workers import Edge

ROOT = Path(__file__).parents[2]


class Terminal(Edge):
    def __init__(self, folder, *options):
        super().__init__(folder, *options)
        self.environment = {
            "PATH": os.environ["PATH"],
            "XDG_STATE_HOME": str(folder),
            "NO_COLOR": "1",
            "CLOUDFLARE_API_BASE_URL": self.api,
            "CLOUDFLARE_EMAIL": proof.EMAIL,
            "CLOUDFLARE_API_KEY": self.global_key,
            "CLOUDFLARE_ACCOUNT_ID": proof.ACCOUNT,
            "R2_ENDPOINT": self.s3,
            "FLAREKEEP_EDGE_URL": self.edge,
        }

    def type(self, line, status=0):
        """Runs a command in the repository's folder, gives what it printed, and wants this exit status."""
        command = [os.environ["FLAREKEEP_BIN"], *line.split()[1:]]
        done = subprocess.run(command, cwd=ROOT, env=self.environment, capture_output=True, text=True, timeout=120)
        assert done.returncode == status, (line, done.returncode, done.stdout, done.stderr)
        assert self.global_key not in done.stdout + done.stderr
        return done.stdout

    def document(self, line, status=0):
        return json.loads(self.type(line + " --json", status))

    def publish(self, **record):
        """What the domain's owner does at their own DNS provider."""
        url = self.api.removesuffix("/client/v4")
        answer = proof.send(url, "PUT", "/__flarekeep/dns", {}, json.dumps(record).encode())
        assert answer[0] == 200, answer
