"""A platform that the program itself has made on the local Cloudflare, a site whose every file says of which build it is, and
visitors of it."""

import hashlib
import http.client
import json
import os
import re
import subprocess
import threading
import time
from pathlib import Path

import proof
from workers import Edge

from .register import NOTHING, Operation
from .wire import Kept, Wire

TENANT = "acme"
HOST = f"{TENANT}.example.com"
BUCKET = "flarekeep-sites"
#: Seconds for which the router takes what it knows of a site for true (router/src/records.js), and some for this machine.
MEMO = 5 + 1.5
BIG = 300_000


class Stage(Edge):
    """An emulator with a platform, and one tenant's site in folders by build."""

    def __init__(self, folder):
        super().__init__(folder, "--dns", "always")
        self.folder, self.kept, self.builds = folder, Kept(), {}
        self.token = folder / "token"
        work = ["--recipe", "saas-platform", "--name", "atomic", "--to", f"file:{self.token}", "--yes"]
        self._checked(["token", "create", *work], {"CLOUDFLARE_EMAIL": proof.EMAIL, "CLOUDFLARE_API_KEY": self.global_key})
        self._checked(["platform", "deploy", "--yes"], {"CLOUDFLARE_API_TOKEN": self.token.read_text().strip()})

    def environment(self, api, s3):
        return {
            "PATH": os.environ["PATH"], "HOME": str(self.folder), "XDG_STATE_HOME": str(self.folder / "state"),
            "CLOUDFLARE_API_BASE_URL": api, "CLOUDFLARE_ACCOUNT_ID": proof.ACCOUNT, "CLOUDFLARE_ZONE_ID": proof.ZONE, "R2_ENDPOINT": s3,
        }

    def _checked(self, arguments, credential):
        command = [os.environ["FLAREKEEP_BIN"], *arguments]
        ran = subprocess.run(command, env=self.environment(self.api, self.s3) | credential, capture_output=True, text=True, timeout=120)
        assert ran.returncode == 0, ran.stdout + ran.stderr
        return ran.stdout

    def build(self, number):
        """The folder of a build. A page names the files that belong to it; those under fingerprinted names are its own."""
        folder = self.folder / f"build-{number}"
        if folder.exists():
            return folder
        script = f"script of build {number}".encode()
        # With a letter and a digit, as a bundler's hashes have.
        fingerprint = "a1" + hashlib.sha256(script).hexdigest()[:8]
        own = f"/assets/app.{fingerprint}.js"
        names = ["/app.css", "/app.js", "/deep/data.json", "/big.bin", "/where", own]
        files = {
            "index.html": "\n".join([f"page of build {number}", *names]).encode(), own[1:]: script,
            **{name: f"{name} of build {number}".encode() for name in ("app.css", "app.js", "deep/data.json", "deep/page.html")},
            "big.bin": f"build {number} ".encode() * (BIG // 9), "logo.svg": b"the same in every build",
            "_headers": f"/*\n  X-Build: {number}\n".encode(), "_redirects": f"/where /build-{number} 302\n".encode(),
        }
        for name, body in files.items():
            place = folder / name
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_bytes(body)
        self.builds[hashlib.sha256(files["index.html"]).hexdigest()] = number
        return folder

    def start(self, *arguments, fault=None, gate=None):
        return Run(self, arguments, fault, gate)

    def run(self, *arguments, fault=None, gate=None):
        return self.start(*arguments, fault=fault, gate=gate).ended()

    def deploy(self, number, *more, **faults):
        return self.run("site", "deploy", str(self.build(number)), TENANT, *more, **faults)

    def object(self, key):
        """An object of the bucket, or `None`."""
        status, body = _get(self.api, f"/accounts/{proof.ACCOUNT}/r2/buckets/{BUCKET}/objects/{key}", self.global_key)
        assert status in (200, 404), (status, body)
        return body if status == 200 else None

    def pointer(self):
        body = self.object(f"sites/{TENANT}/current.json")
        return body and json.loads(body)

    def live(self):
        """The live release, as the bucket has it."""
        return self.pointer()["release"]

    def shown(self):
        """The live release, as the edge's copy has it."""
        spaces = self.admin("GET", f"/accounts/{proof.ACCOUNT}/storage/kv/namespaces")
        assert len(spaces) == 1
        path = f"/accounts/{proof.ACCOUNT}/storage/kv/namespaces/{spaces[0]['id']}/values/site%3A{TENANT}"
        status, body = _get(self.api, path, self.global_key)
        assert status == 200, body
        return json.loads(body)["release"]

    def document(self, release):
        body = self.object(f"sites/{TENANT}/releases/{release}.json")
        return body and json.loads(body)

    def build_of(self, release):
        """Which build a release is, by its first page."""
        return self.builds[self.document(release)["files"]["/index.html"]["sha256"]]

    def names(self, folder):
        """The names in a folder of the site's."""
        path = f"/accounts/{proof.ACCOUNT}/r2/buckets/{BUCKET}/objects?per_page=1000&prefix=sites/{TENANT}/{folder}/"
        return [row["key"].rsplit("/", 1)[1] for row in self.admin("GET", path)]

    def marks(self):
        return self.names("deploying")

    def blobs(self):
        return set(self.names("blobs"))

    def all_releases(self):
        """Those that have all that the edge needs."""
        return [name.removesuffix(".bin") for name in self.names("releases") if name.endswith(".bin")]

    def forget_the_dead(self):
        """Takes all marks away: nobody is at work."""
        for name in self.marks():
            self.admin("DELETE", f"/accounts/{proof.ACCOUNT}/r2/buckets/{BUCKET}/objects/sites/{TENANT}/deploying/{name}")


class Run:
    """The program at work, with a wire of its own."""

    def __init__(self, stage, arguments, fault, gate):
        self.wire = Wire(stage.kept, TENANT, stage.s3, stage.api.removesuffix("/client/v4"), fault, gate)
        environment = stage.environment(f"{self.wire.api}/client/v4", self.wire.s3)
        environment["CLOUDFLARE_API_TOKEN"] = stage.token.read_text().strip()
        command = [os.environ["FLAREKEEP_BIN"], *arguments]
        pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "stdin": subprocess.DEVNULL}
        self.wire.process = subprocess.Popen(command, env=environment, text=True, **pipes)

    def ended(self):
        self.out, self.error = self.wire.process.communicate(timeout=120)
        self.code = self.wire.process.returncode
        self.wire.close()
        return self

    @property
    def requests(self):
        return len(self.wire.lines)

    def __repr__(self):
        return f"exit {self.code}\n{self.out}{self.error}" + "\n".join(self.wire.lines)


def _get(api, path, key):
    host, _, base = api.removeprefix("http://").partition("/")
    line = http.client.HTTPConnection(host, timeout=60)
    try:
        line.request("GET", f"/{base}{path}", headers={"X-Auth-Email": proof.EMAIL, "X-Auth-Key": key})
        answer = line.getresponse()
        return answer.status, answer.read()
    finally:
        line.close()


class Visitors:
    """Readers of the pages and of the pointer, from the first deploy on, until they are told to go."""

    def __init__(self, stage, pages=3, pointers=1):
        self.stage, self.over, self.failure = stage, threading.Event(), None
        self.seen = [[] for _ in range(pages)]
        work = [(self._read_pages, (seen,)) for seen in self.seen] + [(self._read_pointer, ())] * pointers
        self.threads = [threading.Thread(target=self._guarded, args=one, daemon=True) for one in work]

    def __enter__(self):
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, kind, *_):
        self.over.set()
        for thread in self.threads:
            thread.join(timeout=60)
        if kind is None and self.failure:
            raise self.failure

    def _guarded(self, work, arguments):
        try:
            while not self.over.is_set():
                work(*arguments)
        except Exception as failure:  # A visitor's fault is the test's, at its end.
            self.failure = self.failure or failure

    def _read_pages(self, seen):
        host = self.stage.edge.removeprefix("http://")
        line = http.client.HTTPConnection(host, timeout=60)
        page = self._asked(line, "/", seen)
        for path in page.decode().split("\n")[1:]:
            self._asked(line, path, seen)
        line.close()

    def _asked(self, line, path, seen):
        begin = time.monotonic()
        line.request("GET", path, headers={"Host": HOST})
        answer = line.getresponse()
        body = answer.read()
        found = {name.lower(): value for name, value in answer.getheaders()}
        seen.append(Answer(path, begin, time.monotonic(), answer.status, found, hashlib.sha256(body).hexdigest()))
        # A page that is seconds old may name a file of a release that is more than three back: the checks look at that.
        may_be_gone = answer.status == 404 and FINGERPRINTED.fullmatch(path)
        assert answer.status in (200, 302) or may_be_gone, (path, answer.status, found, body[:200])
        return body

    def _read_pointer(self):
        begin = time.monotonic()
        body = self.stage.object(f"sites/{TENANT}/current.json")
        end = time.monotonic()
        value = self.stage.kept.name(body) if body else NOTHING
        self.stage.kept.pointer.append(Operation("read", value, begin, end))
        time.sleep(0.02)


class Answer:
    """What a visitor got."""

    def __init__(self, path, begin, end, status, headers, digest):
        self.path, self.begin, self.end, self.status, self.headers, self.digest = path, begin, end, status, headers, digest
        self.release = headers.get("x-flarekeep-release")

    def __repr__(self):
        return f"{self.path} {self.begin:.3f}-{self.end:.3f} {self.status} {self.headers} {self.digest}"


FINGERPRINTED = re.compile(r"/assets/app\.([0-9a-f]{10})\.js")
