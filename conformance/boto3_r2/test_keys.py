"""A key lives and dies with its token."""

import uuid


def test_a_rolled_token_has_a_new_secret(plan_token, connect, rest, site, refused):
    token = plan_token("boto3-rolled", "--recipe", "r2-s3-read", "--bucket", site)
    old = connect(token.id, token.value)
    old.list_objects_v2(Bucket=site)
    value = rest("PUT", f"/user/tokens/{token.id}/value", {})
    refused("SignatureDoesNotMatch", 403, lambda: old.list_objects_v2(Bucket=site))
    connect(token.id, value).list_objects_v2(Bucket=site)


def test_what_cannot_be_used_now_is_unauthorized(plan_token, connect, rest, site, refused):
    token = plan_token("boto3-barred", "--recipe", "r2-s3-read", "--bucket", site)
    client = connect(token.id, token.value)
    path = f"/user/tokens/{token.id}"
    held = rest("GET", path)
    for barred in [{"status": "disabled"}, {"expires_on": "2020-01-01T00:00:00Z"}]:
        rest("PUT", path, held | barred)
        refused("Unauthorized", 401, lambda: client.list_objects_v2(Bucket=site))
        rest("PUT", path, held)
        client.list_objects_v2(Bucket=site)
    rest("DELETE", path)
    refused("Unauthorized", 401, lambda: client.list_objects_v2(Bucket=site))


def test_a_key_that_nobody_has(connect, site, refused):
    refused("Unauthorized", 401, lambda: connect(uuid.uuid4().hex, "x").list_objects_v2(Bucket=site))
    refused("InvalidArgument", 400, lambda: connect("x" * 20, "x").list_objects_v2(Bucket=site))


def test_the_older_signature_is_refused(plan_token, connect, site, refused):
    token = plan_token("boto3-older", "--recipe", "r2-s3-read", "--bucket", site)
    client = connect(token.id, token.value, signature_version="s3")
    refused("InvalidRequest", 400, lambda: client.list_objects_v2(Bucket=site))


def test_the_account_makes_and_lists_buckets(plan_token, connect, buckets):
    token = plan_token("boto3-admin", "--owner", "account", "--operation", "PUT s3://{bucket_name}", "--bucket", "any-name")
    client = connect(token.id, token.value, s3={"addressing_style": "path"})
    client.create_bucket(Bucket="conformance-made", CreateBucketConfiguration={"LocationConstraint": "weur"})
    assert client.get_bucket_location(Bucket="conformance-made")["LocationConstraint"] == "WEUR"
    assert {"conformance-made", *buckets} <= {bucket["Name"] for bucket in client.list_buckets()["Buckets"]}
    client.delete_bucket(Bucket="conformance-made")
