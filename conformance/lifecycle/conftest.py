"""The five tokens of examples/flarekeep.toml on an emulator of their own, and calls that each of them is for."""

import hashlib
import json
import os
import re
import subprocess
from pathlib import Path

import boto3
import botocore.exceptions
import pytest
from botocore.config import Config

import proof

EXAMPLE = Path(__file__).parents[2] / "examples/flarekeep.toml"
OTHER_ZONE = "fedcba9876543210fedcba9876543211"
WORLD = (
    proof.WORLD
    + f"""
[[zone]]
name = "example.org"
id = "{OTHER_ZONE}"
account = "Acme"
"""
)
NAMES = {
    "CF_DNS_TOKEN": "shop-certificates-prod",
    "CF_DEPLOY_TOKEN": "shop-deploy-prod",
    "CF_PURGE_TOKEN": "shop-purge-prod",
    "CF_UPLOADS_TOKEN": "shop-uploads-prod",
    "CF_EDITOR_TOKEN": "DNS editor (office)",
}
# What a value gets that Cloudflare knows, from an address that its token does not admit (docs/emulator.md).
LOCATION = "Cannot use the access token from location"


class Life:
    """A folder with flarekeep.toml and the program in it, beside an emulator."""

    def __init__(self, folder, local):
        self.folder, self.local = folder, local
        folder.mkdir()
        self.text = EXAMPLE.read_text()
        self.write(self.text)
        self.environment = {
            "PATH": os.environ["PATH"],
            "HOME": str(folder),
            "XDG_STATE_HOME": str(folder / "state"),
            "CLOUDFLARE_BASE_URL": local.api,
            "CLOUDFLARE_EMAIL": proof.EMAIL,
            "CLOUDFLARE_API_KEY": local.global_key,
            "NO_COLOR": "1",
        }

    def write(self, text):
        (self.folder / "flarekeep.toml").write_text(text)

    def edit(self, *changes):
        """Writes the example with each `(old, new)` made in it, which must be there once."""
        text = self.text
        for old, new in changes:
            assert text.count(old) == 1, old
            text = text.replace(old, new)
        self.write(text)

    def __call__(self, *command, ends=0):
        """Runs `flarekeep COMMAND`, which must end with this status, and gives what it printed. No value is in that."""
        before = self.known_values()
        ran = subprocess.run(
            [os.environ["FLAREKEEP_BIN"], *command],
            cwd=self.folder,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=120,
        )
        printed = ran.stdout + ran.stderr
        assert ran.returncode == ends, f"flarekeep {' '.join(command)}: {ran.returncode}\n{printed}"
        shown = [name for name, value in [*before.items(), *self.known_values().items()] if value in printed]
        assert not shown, f"the values of {shown} are printed"
        return ran.stdout if "--json" in command else printed

    def known_values(self):
        return self.values() if (self.folder / "tokens.env").exists() else {}

    def values(self):
        """The value behind each name in tokens.env."""
        lines = (self.folder / "tokens.env").read_text().splitlines()
        return dict(line.split("=", 1) for line in lines)

    def living(self):
        """The living tokens of the account and the user, by name: each name once, and none that is half made."""
        tokens = self.local.admin("GET", f"/accounts/{proof.ACCOUNT}/tokens?per_page=50")
        tokens += self.local.admin("GET", "/user/tokens?per_page=50")
        by_name = {token["name"]: token for token in tokens}
        assert len(by_name) == len(tokens) and not any("pending" in name for name in by_name)
        return by_name

    def owner_path(self, key):
        return "/user/tokens" if key == "CF_EDITOR_TOKEN" else f"/accounts/{proof.ACCOUNT}/tokens"

    def change(self, key, **fields):
        """Changes a token behind the program's back, as a dashboard does: all of it is sent."""
        token = self.living()[NAMES[key]]
        body = {name: token[name] for name in ("name", "policies", "condition", "expires_on") if token.get(name)}
        body |= fields
        body = {name: value for name, value in body.items() if value is not None}
        self.local.admin("PUT", f"{self.owner_path(key)}/{token['id']}", body)

    def send(self, value, method, path, body=None):
        headers = {"Authorization": f"Bearer {value}", "Content-Type": "application/json"}
        body = None if body is None else json.dumps(body).encode()
        return proof.send(self.local.api, method, path, headers, body)

    def upload(self, value, bucket="media"):
        """Puts an object with the S3 keys that follow from the token; the code of the refusal, if it is one."""
        s3 = boto3.client(
            "s3",
            endpoint_url=self.local.s3,
            region_name="auto",
            aws_access_key_id=self.living()[NAMES["CF_UPLOADS_TOKEN"]]["id"],
            aws_secret_access_key=hashlib.sha256(value.encode()).hexdigest(),
            config=Config(retries={"total_max_attempts": 1}),
        )
        try:
            s3.put_object(Bucket=bucket, Key="note", Body=b"hello")
        except botocore.exceptions.ClientError as error:
            return error.response["Error"]["Code"]
        return None

    def works(self, key, value):
        """Whether the call that this token is for gets through. Of the one that admits other addresses than this one's, all
        that can be seen is that Cloudflare knows its value."""
        match key:
            case "CF_DNS_TOKEN":
                status, answer = self.send(value, "GET", f"/zones/{proof.ZONE}/dns_records")
                return status == 403 and LOCATION in answer["errors"][0]["message"]
            case "CF_DEPLOY_TOKEN":
                return self.send(value, "GET", f"/accounts/{proof.ACCOUNT}/workers/scripts")[0] == 200
            case "CF_PURGE_TOKEN":
                path = f"/zones/{proof.ZONE}/purge_cache"
                return self.send(value, "POST", path, {"purge_everything": True})[0] == 200
            case "CF_UPLOADS_TOKEN":
                return self.upload(value) is None
            case "CF_EDITOR_TOKEN":
                record = {"type": "TXT", "name": "life.example.com", "content": os.urandom(8).hex(), "ttl": 60}
                return self.send(value, "POST", f"/zones/{proof.ZONE}/dns_records", record)[0] == 200
        raise AssertionError(key)

    def is_dead(self, value):
        """Whether Cloudflare does not know the value, as nobody's and as the account's."""
        answers = [self.send(value, "GET", f"{path}/verify") for path in ("/user/tokens", f"/accounts/{proof.ACCOUNT}/tokens")]
        return all(status in (400, 401) for status, _ in answers)

    def all_work(self, without=()):
        """Fails unless every sink holds a value that does its work, and no more tokens live than are declared."""
        values = self.values()
        assert sorted(values) == sorted(set(NAMES) - set(without))
        assert sorted(self.living()) == sorted(NAMES[key] for key in values)
        assert [key for key, value in values.items() if not self.works(key, value)] == []
        if "CF_DEPLOY_TOKEN" in values:
            assert (self.folder / "deploy.token").read_text().strip() == values["CF_DEPLOY_TOKEN"]

    def in_sync(self):
        """Fails unless applying finds nothing to do, and does nothing."""
        before = self.values()
        assert "No changes: " in self("apply", "--yes")
        self("apply", "--check")
        assert self.values() == before


@pytest.fixture
def fresh(tmp_path):
    """The example, and nothing applied."""
    with proof.Local(tmp_path / "local", WORLD) as local:
        local.admin("POST", f"/accounts/{proof.ACCOUNT}/r2/buckets", {"name": "media"})
        life = Life(tmp_path / "shop", local)
        yield life
        # Whatever became of it: nothing that lies there beside the sinks holds a value.
        values = list(life.known_values().values())
        for file in life.folder.rglob("*"):
            if file.is_file() and not re.search(r"tokens\.env$|\.token$", file.name):
                assert not any(value.encode() in file.read_bytes() for value in values), file


@pytest.fixture
def life(fresh):
    """The five tokens, made."""
    fresh("apply", "--yes")
    return fresh
