"""The edge: Workers that are uploaded through the API and really run, on the workerd that wrangler brings."""

import json
import os
import subprocess
import urllib.error
import urllib.request
import uuid
from pathlib import Path

import pytest

import proof

MODULES = Path(__file__).parent.parent / "wrangler/node_modules"
WORKERD = MODULES / "@cloudflare/workerd-linux-64/bin/workerd"


class Reply:
    def __init__(self, status, headers, body):
        self.status, self.headers, self.body, self.text = status, headers, body, body.decode(errors="replace")

    def json(self):
        assert self.status == 200, (self.status, self.text)
        return json.loads(self.body)


class Edge(proof.Local):
    """An emulator that runs Workers."""

    def __init__(self, folder, *options, world=proof.WORLD):
        folder.mkdir()
        file = folder / "world.toml"
        file.write_text(world)
        command = [os.environ["FLAREKEEP_BIN"], "emulate", "--json", "--listen", "127.0.0.1:0", "--rate-limit", "off"]
        command += ["--world", file, "--edge", "--workerd", WORKERD, *options]
        self.log = folder / "log"
        with open(self.log, "wb") as log:
            self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stdin=subprocess.DEVNULL, stderr=log, text=True)
        facts = json.loads(self.process.stdout.readline())
        self.api, self.s3, self.global_key, self.edge = facts["api"], facts["s3"], facts["global_key"], facts["edge"]

    def upload(self, name, source, bindings=(), path="", method="PUT", **metadata):
        """Uploads a Worker of one module, and gives the result."""
        metadata = {"main_module": "index.js", "compatibility_date": "2026-08-01", "bindings": list(bindings), **metadata}
        boundary = uuid.uuid4().hex
        parts = [("metadata", None, "application/json", json.dumps(metadata))]
        parts += [("index.js", "index.js", "application/javascript+module", source)]
        body = ""
        for part, file, kind, text in parts:
            named = f'; filename="{file}"' if file else ""
            body += f'--{boundary}\r\nContent-Disposition: form-data; name="{part}"{named}\r\nContent-Type: {kind}\r\n\r\n{text}\r\n'
        body += f"--{boundary}--\r\n"
        headers = {"X-Auth-Email": proof.EMAIL, "X-Auth-Key": self.global_key}
        headers["Content-Type"] = f"multipart/form-data; boundary={boundary}"
        url = f"/accounts/{proof.ACCOUNT}/workers/scripts/{name}{path}"
        status, answer = proof.send(self.api, method, url, headers, body.encode())
        assert status == 200, answer
        return answer["result"]

    def route(self, pattern, script):
        body = {"pattern": pattern, **({"script": script} if script else {})}
        return self.admin("POST", f"/zones/{proof.ZONE}/workers/routes", body)

    def ask(self, path="/", host="example.com", method="GET", body=None, **headers):
        """Asks the edge, as a visitor of `host`."""
        names = {name.replace("_", "-"): value for name, value in headers.items()}
        request = urllib.request.Request(self.edge + path, body, {"Host": host, **names}, method=method)
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:
                return Reply(answer.status, answer.headers, answer.read())
        except urllib.error.HTTPError as answer:
            return Reply(answer.code, answer.headers, answer.read())


@pytest.fixture(scope="session")
def edge(tmp_path_factory):
    if not WORKERD.exists():
        pytest.skip("SKIPPED: workerd is not there; conformance/run installs it with wrangler, for which it needs npm")
    with Edge(tmp_path_factory.mktemp("edge") / "emulator") as local:
        yield local
