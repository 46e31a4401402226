"""Temporary keys of one tenant's folder, `sites/acme/`, tried everywhere else: generated requests of boto3, and requests with a path
that boto3 would not send, signed by botocore. `R2_REQUESTS` and `R2_SEED` make it longer, and another."""

import collections
import http.client
import os
import random
import urllib.parse

import botocore.exceptions
import pytest
from botocore.auth import S3SigV4Auth
from botocore.awsrequest import AWSRequest

COUNT, SEED = int(os.environ.get("R2_REQUESTS", "1200")), int(os.environ.get("R2_SEED", "7"))
OWN = "sites/acme/"
DIGEST = "ab" * 32
#: What others have, in folders whose names are nearly the tenant's.
OTHERS = [
    f"sites/beta/blobs/{DIGEST}", "sites/beta/current.json", "sites/acme-2/current.json", "sites/acm/current.json", "sites/acmeX/a", "sites/ACME/current.json",
    "sites/acme", "sites/acme.json", "sites/acme%2Fcurrent.json", "sites//acme/a", "sites/acme\u0301/a", "sites/", "sites", "acme/current.json", "/sites/acme/a",
    "platform/platform.json", "platform/tenants/acme.json", "platform/hosts/www.acme.test.json", "SITES/acme/a", "sites/acme?/a", "./sites/acme/a",
]
OWNS = [f"{OWN}blobs/{DIGEST}", f"{OWN}current.json", f"{OWN}a b", f"{OWN}caf\u00e9", f"{OWN}../beta/current.json", f"{OWN}%2e%2e/beta"]


def mark(key):
    return f"<<{key}>>".encode()


@pytest.fixture(scope="module")
def folders(plan_token, connect, r2_keys, site, buckets):
    """The client of the bucket's owner, that of the tenant, and what lies where."""
    parent = plan_token("boto3-tenants", "--recipe", "rclone-r2", "--bucket", site)
    owner = connect(parent.id, parent.value)
    for key in OTHERS + OWNS:
        owner.put_object(Bucket=site, Key=key, Body=mark(key))
    upload = owner.create_multipart_upload(Bucket=site, Key=OTHERS[0])["UploadId"]
    options = ["--temporary", "1h", "--bucket", site, "--prefix", OWN, "--permission", "object-read-write"]
    tenant = r2_keys(None, *options, "--by", "api", "--key-id", parent.id)
    yield owner, tenant, upload
    owner.abort_multipart_upload(Bucket=site, Key=OTHERS[0], UploadId=upload)
    for item in owner.list_objects_v2(Bucket=site).get("Contents", []):
        owner.delete_object(Bucket=site, Key=item["Key"])


class Requests:
    def __init__(self, client, bucket, other_bucket, upload):
        self.chance, self.client, self.bucket, self.other, self.upload = random.Random(SEED), client, bucket, other_bucket, upload

    def key(self):
        """A key, mostly of others: as it stands, or said in another way."""
        pick = self.chance.choice
        key = pick(OTHERS * 4 + OWNS)
        twist = pick([
            *[lambda k: k] * 6, lambda k: f"{OWN}../../{k}", lambda k: f"{OWN}..%2f..%2f{k}", lambda k: f"{OWN}%2e%2e/%2e%2e/{k}", lambda k: "/" + k,
            lambda k: "//" + k, lambda k: k.upper(), lambda k: k.replace("/", "\\"), lambda k: k.replace("/", "%2F"), lambda k: k + "/", lambda k: k + "/..",
            lambda k: "sites/beta/../acme/a", lambda k: f"sites/./{k}", lambda k: k[:-1], lambda k: f"{OWN[:-1]}\x7f/a", lambda k: k + " ",
            lambda k: f" {OWN}a", lambda k: f"{self.bucket}/{k}", lambda k: f"../{self.other}/{k}", lambda k: OWN[:-1] + pick("-.;:,_+~") + "/a",
        ])
        return twist(key)

    def one(self):
        """A request: what it is, the keys that it names, and the call."""
        pick, client = self.chance.choice, self.client
        key, other, bucket = self.key(), self.key(), self.bucket if self.chance.random() < 0.93 else self.other
        at = {"Bucket": bucket, "Key": key}
        part = {**at, "UploadId": pick([self.upload, "x"]), "PartNumber": 1}
        prefix = pick([key, "", "sites", "sites/", "sites/acme", "s", "platform/", "/", OWN + "../"])
        listed = [] if prefix.startswith(OWN) else [prefix]
        source = {"Bucket": pick([self.bucket] * 4 + [self.other]), "Key": other}
        twice = [{"Key": key}, {"Key": f"{OWN}gone"}]
        return pick([
            ("GetObject", [key], lambda: client.get_object(**at)["Body"].read()),
            ("GetObject, a range", [key], lambda: client.get_object(**at, Range="bytes=0-99")["Body"].read()),
            ("HeadObject", [key], lambda: client.head_object(**at)),
            ("PutObject", [key], lambda: client.put_object(**at, Body=b"taken")),
            ("PutObject, if there is none", [key], lambda: client.put_object(**at, Body=b"taken", IfNoneMatch="*")),
            ("DeleteObject", [key], lambda: client.delete_object(**at)),
            ("DeleteObjects", [key], lambda: client.delete_objects(Bucket=bucket, Delete={"Objects": twice})),
            ("CopyObject", [key, other], lambda: client.copy_object(**at, CopySource=source)),
            ("CopyObject, into its own", [other], lambda: client.copy_object(Bucket=self.bucket, Key=f"{OWN}stolen", CopySource=source)),
            ("CreateMultipartUpload", [key], lambda: client.create_multipart_upload(**at)),
            ("UploadPart", [key], lambda: client.upload_part(**part, Body=b"taken")),
            ("UploadPartCopy", [key, other], lambda: client.upload_part_copy(**part, CopySource=source)),
            ("ListParts", [key], lambda: client.list_parts(**at, UploadId=part["UploadId"])),
            ("AbortMultipartUpload", [key], lambda: client.abort_multipart_upload(**at, UploadId=part["UploadId"])),
            ("CompleteMultipartUpload", [key], lambda: client.complete_multipart_upload(**at, UploadId=part["UploadId"])),
            ("ListObjectsV2", listed, lambda: client.list_objects_v2(Bucket=bucket, Prefix=prefix, StartAfter=pick(["", OWN]))),
            ("ListObjects", listed, lambda: client.list_objects(Bucket=bucket, Prefix=prefix, Delimiter=pick(["", "/"]))),
            ("ListMultipartUploads", listed, lambda: client.list_multipart_uploads(Bucket=bucket, Prefix=prefix)),
            ("HeadBucket", ["the bucket"], lambda: client.head_bucket(Bucket=self.other)),
            ("ListBuckets", ["all buckets"], lambda: client.list_buckets()),
            ("DeleteBucket", ["the bucket"], lambda: client.delete_bucket(Bucket=bucket)),
            ("PutBucketCors", ["the bucket"], lambda: client.put_bucket_cors(Bucket=bucket, CORSConfiguration={"CORSRules": [
                {"AllowedMethods": ["GET"], "AllowedOrigins": ["*"]}]})),
        ]), bucket


def test_boto3_reaches_its_own_and_nothing_else(folders, site, buckets):
    owner, tenant, upload = folders
    requests, seen = Requests(tenant, site, buckets[1], upload), collections.Counter()
    for number in range(COUNT):
        (what, keys, call), bucket = requests.one()
        said = f"seed {SEED}, request {number}: {what} {keys} in {bucket}"
        may = bucket == site and all(key.startswith(OWN) for key in keys)
        try:
            answer = call()
        except botocore.exceptions.ClientError as error:
            status, answer = error.response["ResponseMetadata"]["HTTPStatusCode"], error.response
            assert 400 <= status < 500, (said, answer)
            # A key of its own is refused for another reason: there is no such object, upload or part.
            assert may or status in (400, 403), (said, answer)
            seen[f"{status}"] += 1
        except botocore.exceptions.ParamValidationError:
            seen["not sent"] += 1
            continue
        else:
            errors = answer.get("Errors", []) if isinstance(answer, dict) else []
            refused = [error for error in errors if not error["Key"].startswith(OWN)]
            assert may or (refused and not any(key["Key"] in keys for key in answer.get("Deleted", []))), (said, answer)
            seen["done"] += 1
        foreign = [key for key in OTHERS if mark(key) in (answer if isinstance(answer, bytes) else repr(answer).encode())]
        assert not foreign, (said, answer)
    unharmed(owner, site, upload)
    print(f"\n{COUNT} requests, seed {SEED}: {dict(seen.most_common())}")
    assert seen["403"] > COUNT / 3 and seen["done"] > COUNT / 40, seen


def unharmed(owner, site, upload):
    """Nothing of others is gone, changed or copied, and nobody has put anything beside it."""
    there = {item["Key"] for item in owner.list_objects_v2(Bucket=site)["Contents"]}
    assert {key for key in there if not key.startswith(OWN)} == set(OTHERS)
    for key in sorted(there):
        body = owner.get_object(Bucket=site, Key=key)["Body"].read()
        assert body == mark(key) if key in OTHERS else not any(mark(other) in body for other in OTHERS), (key, body)
    assert upload in [row["UploadId"] for row in owner.list_multipart_uploads(Bucket=site)["Uploads"]]
    assert not owner.list_parts(Bucket=site, Key=OTHERS[0], UploadId=upload).get("Parts")


RAW = [
    f"{OWN}../beta/current.json", f"{OWN}..%2Fbeta%2Fcurrent.json", f"{OWN}%2e%2e/beta/current.json", f"{OWN}%252e%252e/beta/current.json",
    f"{OWN}%2E%2E%2Fbeta%2Fcurrent.json", f"{OWN}.%2e/beta/current.json", "sites%2Fbeta%2Fcurrent.json", f"{OWN}..;/beta/current.json",
    f"{OWN}..%5Cbeta%5Ccurrent.json", "sites/%2e/beta/current.json", "sites//beta/current.json", f"{OWN}%00/../../beta/current.json",
    f"{OWN}..%c0%afbeta/current.json", "sites/beta/current.json?x=sites/acme/", "sites/beta/current.json#sites/acme/", f"{OWN}a/../../beta/current.json",
]


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE"])
def test_paths_that_boto3_would_not_send(folders, site, method):
    owner, tenant, upload = folders
    endpoint = tenant.meta.endpoint_url
    credentials = tenant._request_signer._credentials
    for raw in RAW:
        for style in (lambda path: path, lambda path: path.replace("..", "%2E%2E"), urllib.parse.unquote):
            path = style(raw).encode("utf-8", "replace").decode("latin-1")
            if any(ord(letter) < 0x21 or ord(letter) > 0x7E for letter in path):
                continue
            request = AWSRequest(method, f"{endpoint}/{site}/{path}", data=b"taken" if method == "PUT" else None)
            S3SigV4Auth(credentials, "s3", "auto").add_auth(request)
            answer = send(endpoint, method, f"/{site}/{path}", dict(request.headers), request.data)
            for key in OTHERS:
                assert mark(key) not in answer[1], (method, path, answer)
    unharmed(owner, site, upload)


def test_a_presigned_address_is_for_its_own_key(folders, site):
    owner, tenant, upload = folders
    for method, call in [("GET", "get_object"), ("PUT", "put_object")]:
        url = tenant.generate_presigned_url(call, Params={"Bucket": site, "Key": f"{OWN}current.json"})
        other = url.replace("sites/acme/current.json", "sites/beta/current.json")
        assert other != url
        for address in (other, url.replace("sites/acme/", "sites/acme/../beta/"), tenant.generate_presigned_url(call, Params={"Bucket": site, "Key": "sites/beta/current.json"})):
            parts = urllib.parse.urlsplit(address)
            status, body = send(f"http://{parts.netloc}", method, f"{parts.path}?{parts.query}", {}, b"taken" if method == "PUT" else None)
            assert status in (403, 404) and b"<<" not in body, (method, address, status, body)
    unharmed(owner, site, upload)


def send(endpoint, method, path, headers, body):
    """Sends the path as it stands: clients are apt to tidy it."""
    line = http.client.HTTPConnection(endpoint.removeprefix("http://"), timeout=30)
    try:
        line.putrequest(method, path, skip_accept_encoding=True)
        for name, value in headers.items():
            line.putheader(name, value)
        if body is not None:
            line.putheader("Content-Length", str(len(body)))
        line.endheaders(body)
        answer = line.getresponse()
        return answer.status, answer.read()
    finally:
        line.close()
