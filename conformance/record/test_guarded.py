"""Real clients under `flarekeep exec --guard`: they do their work and never have the token."""

import os
import subprocess
import sys

import pytest

import proof
from conftest import NODE, WRANGLER

BOTO3 = """
import boto3
from botocore.exceptions import ClientError

s3 = boto3.client("s3")
s3.put_object(Bucket="media", Key="a b/\\u00e9.txt", Body=b"some bytes" * 1000)
assert s3.get_object(Bucket="media", Key="a b/\\u00e9.txt")["Body"].read() == b"some bytes" * 1000
s3.upload_file("large", "media", "large")
try:
    s3.put_object(Bucket="other", Key="x", Body=b"x")
except ClientError as refused:
    assert refused.response["Error"]["Code"] == "AccessDenied"
else:
    raise SystemExit("another bucket took it")

# The bucket in the host, and links: what the stand-in signed is signed again on its way.
import requests
from botocore.config import Config

for style in ("virtual", "path"):
    s3 = boto3.client("s3", config=Config(signature_version="s3v4", s3={"addressing_style": style}))
    assert len(s3.get_object(Bucket="media", Key="a b/\u00e9.txt")["Body"].read()) == 10000
    link = lambda call, bucket: s3.generate_presigned_url(call, {"Bucket": bucket, "Key": "a b/\u00e9.txt"})
    assert requests.get(link("get_object", "media")).content == b"some bytes" * 1000
    assert requests.put(link("put_object", "media"), data=b"some bytes" * 1000).status_code == 200
    assert "AccessDenied" in requests.get(link("get_object", "other")).text
    assert "AccessDenied" in requests.get(link("get_object", "media").replace("Expires=3600", "Expires=7200")).text
"""


class Guarded:
    """Commands under `flarekeep exec --guard`, with a Global API key that mints their tokens."""

    def __init__(self, folder, local):
        self.folder, self.local = folder, local
        folder.mkdir()

    def __call__(self, *work, command):
        environment = {
            "PATH": f"{NODE.parent}:/usr/local/bin:/usr/bin:/bin",
            "HOME": str(self.folder),
            "CI": "true",
            "NO_COLOR": "1",
            "WRANGLER_SEND_METRICS": "false",
            "CLOUDFLARE_API_BASE_URL": self.local.api,
            "CLOUDFLARE_EMAIL": proof.EMAIL,
            "CLOUDFLARE_API_KEY": self.local.global_key,
            "R2_ENDPOINT": self.local.s3,
        }
        guarded = [os.environ["FLAREKEEP_BIN"], "exec", "--guard", *work, "--account", proof.ACCOUNT, "--zone", proof.ZONE]
        kept = ["sh", "-c", 'env >environment; exec "$@"', "sh", *command]
        ran = subprocess.run(
            [*guarded, "--", *kept], cwd=self.folder, env=environment, capture_output=True, text=True, timeout=180
        )
        assert ran.returncode == 0, ran.stdout + ran.stderr
        return ran.stdout + ran.stderr

    def had(self, name):
        """What the command found in a variable."""
        lines = (self.folder / "environment").read_text().splitlines()
        [value] = [line.split("=", 1)[1] for line in lines if line.startswith(f"{name}=")]
        return value


@pytest.fixture
def guarded(tmp_path):
    with proof.Local(tmp_path / "local") as local:
        yield Guarded(tmp_path / "work", local)


def is_worth_nothing(guarded):
    """What the command had opens nothing, and no token is left."""
    value = guarded.had("CLOUDFLARE_API_TOKEN")
    headers = {"Authorization": f"Bearer {value}"}
    status, _ = proof.send(guarded.local.api, "GET", "/user/tokens/verify", headers, None)
    environment = (guarded.folder / "environment").read_text()
    return status in (400, 401, 403) and guarded.local.global_key not in environment and guarded.local.admin("GET", "/user/tokens") == []


def test_wrangler_deploys(guarded):
    if not WRANGLER.exists():
        pytest.skip("wrangler is not installed: conformance/run needs npm for it")
    (guarded.folder / "worker.js").write_text("export default { fetch() { return new Response('hello') } }\n")
    (guarded.folder / "wrangler.json").write_text(
        '{"name": "shop", "main": "worker.js", "compatibility_date": "2026-08-01", "workers_dev": false,'
        ' "routes": [{"pattern": "example.com/shop/*", "zone_name": "example.com"}]}'
    )
    said = guarded("--wrangler", "wrangler.json", command=[NODE, "--no-warnings", WRANGLER, "deploy"])
    assert "example.com/shop/*" in said
    [route] = guarded.local.admin("GET", f"/zones/{proof.ZONE}/workers/routes")
    assert route["script"] == "shop"
    assert is_worth_nothing(guarded)


def test_boto3_keeps_to_its_bucket(guarded):
    for name in ("media", "other"):
        guarded.local.admin("POST", f"/accounts/{proof.ACCOUNT}/r2/buckets", {"name": name})
    (guarded.folder / "large").write_bytes(os.urandom(20 << 20))
    # Who may write objects may read them: one permission is both.
    work = ["--operation", "PUT s3://{bucket_name}/{object_key}", "--operation", "PUT s3://{bucket_name}/{object_key}?partNumber&uploadId", "--bucket", "media"]
    said = guarded(*work, command=[sys.executable, "-c", BOTO3])
    assert "refused: PUT /other/x" in said
    assert is_worth_nothing(guarded)
