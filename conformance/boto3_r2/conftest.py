"""boto3 on R2's S3 face, with the keys of tokens that flarekeep planned for one bucket."""

import hashlib
import json
import os
import subprocess
import urllib.request
from pathlib import Path

import boto3
import botocore.exceptions
import pytest
from botocore.config import Config


@pytest.fixture(scope="session")
def rest(world):
    """Calls the REST API with the Global API key: `rest(method, path, body)` gives the result."""

    def call(method, path, body=None):
        request = urllib.request.Request(
            world.api + path,
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
def buckets(rest, world):
    """Two buckets, made through the REST API."""
    names = ["conformance-site", "conformance-other"]
    for name in names:
        rest("POST", f"/accounts/{world.account_id}/r2/buckets", {"name": name})
    return names


@pytest.fixture(scope="session")
def connect(world):
    """A client for a token: its id is the key, the SHA-256 of its value the secret."""

    def client(token_id, value, **config):
        return boto3.client(
            "s3",
            endpoint_url=world.s3,
            region_name="auto",
            aws_access_key_id=token_id,
            aws_secret_access_key=hashlib.sha256(value.encode()).hexdigest(),
            config=Config(retries={"total_max_attempts": 1}, **config),
        )

    return client


@pytest.fixture(scope="session")
def r2_keys(world, tmp_path_factory):
    """A client with the keys of `flarekeep token r2-keys OPTIONS`, under a token's value or the Global API key."""

    def client(value, *options):
        folder = tmp_path_factory.mktemp("keys")
        environment = {
            "PATH": os.environ["PATH"],
            # The journal lies beside the file that holds the value.
            "XDG_STATE_HOME": str(folder),
            "CLOUDFLARE_BASE_URL": world.api,
            "CLOUDFLARE_ACCOUNT_ID": world.account_id,
        }
        key = {"CLOUDFLARE_EMAIL": world.email, "CLOUDFLARE_API_KEY": world.global_key}
        environment |= key if value is None else {"CLOUDFLARE_API_TOKEN": value}
        command = [os.environ["FLAREKEEP_BIN"], "token", "r2-keys", *options]
        command += ["--endpoint", world.s3, "--to", "env:FILE", "--json"]
        made = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, timeout=60)
        assert made.returncode == 0, made.stderr
        lines = Path(folder, "FILE").read_text().splitlines()
        keys = dict(line.split("=", 1) for line in lines)
        assert keys["AWS_SECRET_ACCESS_KEY"] not in made.stdout + made.stderr
        return boto3.client(
            "s3",
            endpoint_url=keys["AWS_ENDPOINT_URL_S3"],
            region_name=keys["AWS_REGION"],
            aws_access_key_id=keys["AWS_ACCESS_KEY_ID"],
            aws_secret_access_key=keys["AWS_SECRET_ACCESS_KEY"],
            aws_session_token=keys.get("AWS_SESSION_TOKEN"),
            config=Config(retries={"total_max_attempts": 1}),
        )

    return client


@pytest.fixture(scope="session")
def site(buckets):
    return buckets[0]


@pytest.fixture(scope="session")
def writer(plan_token, connect, site):
    """A client under the token that the recipe `rclone-r2` asks for."""
    token = plan_token("boto3-writer", "--recipe", "rclone-r2", "--bucket", site)
    return connect(token.id, token.value)


@pytest.fixture(scope="session")
def reader(plan_token, connect, site):
    """A client under the token that the recipe `r2-s3-read` asks for."""
    token = plan_token("boto3-reader", "--recipe", "r2-s3-read", "--bucket", site)
    return connect(token.id, token.value)


@pytest.fixture
def refused():
    """Asserts that a call is refused with an S3 code and status."""

    def check(code, status, call):
        with pytest.raises(botocore.exceptions.ClientError) as caught:
            call()
        answer = caught.value.response
        assert (answer["Error"]["Code"], answer["ResponseMetadata"]["HTTPStatusCode"]) == (code, status)

    return check
