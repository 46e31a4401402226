"""Jobs of real clients under `flarekeep record`, each with the plan that comes of it: enough, and nothing too much."""

import re
import shutil

import pytest

import proof

WORKER = "export default {{ fetch() {{ return new Response('{}') }} }}\n"
ENDPOINT = f"https://{proof.ACCOUNT}.r2.cloudflarestorage.com"

SDK = """
import os
from cloudflare import Cloudflare

client = Cloudflare()
[zone] = client.zones.list(name="example.com")
records = client.dns.records
made = records.create(zone_id=zone.id, type="A", name="www.example.com", content="192.0.2.1", ttl=1)
assert made.id in [record.id for record in records.list(zone_id=zone.id)]
records.delete(made.id, zone_id=zone.id)
client.kv.namespaces.create(account_id=os.environ["CLOUDFLARE_ACCOUNT_ID"], title="recorded")
"""

REQUESTS = """
import os
import requests

answer = requests.get(
    f"https://api.cloudflare.com/client/v4/zones/{os.environ['CLOUDFLARE_ZONE_ID']}/dns_records",
    headers={"Authorization": "Bearer " + os.environ["CLOUDFLARE_API_TOKEN"]},
)
assert answer.json()["success"], answer.text
"""

BOTO3 = """
import boto3

s3 = boto3.client("s3")
s3.put_object(Bucket="media", Key="a b/\\u00e9.txt", Body=b"some bytes" * 1000)
assert s3.get_object(Bucket="media", Key="a b/\\u00e9.txt")["Body"].read() == b"some bytes" * 1000
s3.copy_object(Bucket="media", Key="copy", CopySource={"Bucket": "other", "Key": "given"})
assert [one["Key"] for one in s3.list_objects_v2(Bucket="media")["Contents"]] == ["a b/\\u00e9.txt", "copy"]
s3.delete_object(Bucket="media", Key="copy")
"""

BOTO3_IN_THE_HOST = """
import boto3
import requests
from botocore.config import Config

s3 = boto3.client("s3", config=Config(signature_version="s3v4", s3={"addressing_style": "virtual"}))
assert s3.generate_presigned_url("get_object", {"Bucket": "media", "Key": "k"}).startswith("https://media.")
s3.put_object(Bucket="media", Key="a b/\u00e9.txt", Body=b"some bytes")
s3.copy_object(Bucket="media", Key="copy", CopySource={"Bucket": "other", "Key": "given"})
assert len(s3.list_objects_v2(Bucket="media")["Contents"]) == 2
link = s3.generate_presigned_url("get_object", {"Bucket": "media", "Key": "a b/\u00e9.txt"})
answer = requests.get(link)
assert answer.content == b"some bytes", answer.text
"""

NODE_FETCH = """
const answer = await fetch(`https://api.cloudflare.com/client/v4/zones/${process.env.CLOUDFLARE_ZONE_ID}/workers/routes`, {
  headers: { Authorization: `Bearer ${process.env.CLOUDFLARE_API_TOKEN}` },
});
if (!answer.ok) throw new Error(await answer.text());
"""

CURL = """
printf 'header = "Authorization: Bearer %s"' "$CLOUDFLARE_API_TOKEN" |
  curl -sf -K - "https://api.cloudflare.com/client/v4/accounts/$CLOUDFLARE_ACCOUNT_ID/r2/buckets"
"""


def buckets(*names):
    def prepare(local):
        for name in names:
            local.admin("POST", f"/accounts/{proof.ACCOUNT}/r2/buckets", {"name": name})

    return prepare


def test_wrangler_r2(proved):
    def job(recorded, _):
        recorded.write("given.txt", "some bytes")
        recorded.wrangler("r2", "bucket", "create", "recorded-job")
        recorded.wrangler("r2", "object", "put", "recorded-job/a/b.txt", "--file", "given.txt", "--remote")
        recorded.wrangler("r2", "object", "get", "recorded-job/a/b.txt", "--file", "got.txt", "--remote")
        assert (recorded.folder / "got.txt").read_text() == "some bytes"
        recorded.wrangler("r2", "object", "delete", "recorded-job/a/b.txt", "--remote")
        recorded.wrangler("r2", "bucket", "delete", "recorded-job")

    assert proof.granted(proved(job)) == ["Workers R2 Storage Write@account"]


def test_wrangler_kv(proved):
    def job(recorded, _):
        namespace = re.search(r"[0-9a-f]{32}", recorded.wrangler("kv", "namespace", "create", "tenants"))[0]
        recorded.wrangler("kv", "key", "put", "--namespace-id", namespace, "shop.example.com", "release-1", "--remote")
        assert "release-1" in recorded.wrangler("kv", "key", "get", "--namespace-id", namespace, "shop.example.com", "--remote")

    assert proof.granted(proved(job)) == ["Workers KV Storage Write@account"]


def test_wrangler_deploy(proved):
    def job(recorded, _):
        recorded.configure(
            routes=[{"pattern": "example.com/shop/*", "zone_name": "example.com"}],
            r2_buckets=[{"binding": "SITE", "bucket_name": "site"}],
        )
        for release in ("first", "second"):
            recorded.write("worker.js", WORKER.format(release))
            assert "example.com/shop/*" in recorded.wrangler("deploy")

    def check(local):
        [route] = local.admin("GET", f"/zones/{proof.ZONE}/workers/routes")
        assert (route["pattern"], route["script"]) == ("example.com/shop/*", "shop")

    plan = proved(job, buckets("site"), check)
    assert "Workers Scripts Write@account" in proof.granted(plan)


def test_python_sdk(proved):
    plan = proved(lambda recorded, _: recorded.python(SDK))
    assert proof.granted(plan) == ["DNS Write@zone", "Workers KV Storage Write@account", "Zone Read@zone"]


def test_requests(proved):
    assert proof.granted(proved(lambda recorded, _: recorded.python(REQUESTS))) == ["DNS Read@zone"]


def test_curl(proved):
    plan = proved(lambda recorded, _: recorded("sh", "-c", CURL))
    assert proof.granted(plan) == ["Workers R2 Storage Read@account"]


def test_fetch_of_node(proved):
    def job(recorded, _):
        recorded.write("look.mjs", NODE_FETCH)
        recorded("node", "look.mjs")

    assert proof.granted(proved(job)) == ["Workers Routes Read@zone"]


@pytest.mark.parametrize("script", [BOTO3, BOTO3_IN_THE_HOST], ids=["in the path", "in the host"])
def test_boto3(proved_in_r2, script):
    def prepare(local):
        buckets("media", "other")(local)
        put = f"/accounts/{proof.ACCOUNT}/r2/buckets/other/objects/given"
        headers = {"X-Auth-Email": proof.EMAIL, "X-Auth-Key": local.global_key}
        assert proof.send(local.api, "PUT", put, headers, b"given")[0] == 200

    plan = proved_in_r2(lambda recorded: recorded.python(script), prepare)
    places = sorted((grant["group"], grant["resource"].rsplit("_", 1)[1]) for grant in plan["grants"])
    assert places == [("Workers R2 Storage Bucket Item Read", "other"), ("Workers R2 Storage Bucket Item Write", "media")]


def test_rclone(proved_in_r2):
    if not shutil.which("rclone"):
        pytest.skip("rclone is not there: Debian's package of that name has it")

    def job(recorded):
        (recorded.folder / "site/deep").mkdir(parents=True)
        recorded.write("site/index.html", "<h1>hello</h1>")
        recorded.write("site/deep/page.html", "<h1>deep</h1>")
        remote = {
            "RCLONE_CONFIG_R2_TYPE": "s3",
            "RCLONE_CONFIG_R2_PROVIDER": "Cloudflare",
            "RCLONE_CONFIG_R2_ENV_AUTH": "true",
            "RCLONE_CONFIG_R2_ENDPOINT": ENDPOINT,
            "RCLONE_CONFIG_R2_REGION": "auto",
            "RCLONE_CONFIG_R2_NO_CHECK_BUCKET": "true",
        }
        recorded("rclone", "copy", "site", "r2:media/site", more=remote)
        assert "deep/page.html" in recorded("rclone", "lsf", "-R", "r2:media/site", more=remote)

    plan = proved_in_r2(job, buckets("media"))
    assert [grant["group"] for grant in plan["grants"]] == ["Workers R2 Storage Bucket Item Write"]
