"""The keys that `flarekeep token r2-keys` delivers: a token's own pair, and temporary ones for a part of a bucket."""

import time

import pytest


@pytest.fixture(scope="module")
def parent(plan_token, site):
    return plan_token("boto3-parent", "--recipe", "rclone-r2", "--bucket", site)


@pytest.fixture(scope="module")
def filled(writer, site):
    for key in ["tenants/a/1", "tenants/b/1"]:
        writer.put_object(Bucket=site, Key=key, Body=key.encode())
    yield
    for key in ["tenants/a/1", "tenants/a/new", "tenants/b/1"]:
        writer.delete_object(Bucket=site, Key=key)


def test_the_pair_of_the_token_in_use(parent, r2_keys, site, filled):
    client = r2_keys(parent.value)
    assert client.get_object(Bucket=site, Key="tenants/a/1")["Body"].read() == b"tenants/a/1"


@pytest.mark.parametrize("by", ["signing", "api"])
def test_temporary_keys_reach_a_prefix_and_no_more(parent, r2_keys, site, buckets, filled, refused, by):
    options = ["--temporary", "1h", "--bucket", site, "--prefix", "tenants/a/", "--by", by, "--key-id", parent.id]
    value = parent.value if by == "signing" else None
    writer = r2_keys(value, *options, "--permission", "object-read-write")
    writer.put_object(Bucket=site, Key="tenants/a/new", Body=b"new")
    assert writer.get_object(Bucket=site, Key="tenants/a/new")["Body"].read() == b"new"
    keys = [item["Key"] for item in writer.list_objects_v2(Bucket=site, Prefix="tenants/a/")["Contents"]]
    assert keys == ["tenants/a/1", "tenants/a/new"]
    refused("AccessDenied", 403, lambda: writer.get_object(Bucket=site, Key="tenants/b/1"))
    refused("AccessDenied", 403, lambda: writer.put_object(Bucket=site, Key="tenants/b/2", Body=b"x"))
    refused("AccessDenied", 403, lambda: writer.list_objects_v2(Bucket=site))
    refused("AccessDenied", 403, lambda: writer.put_object(Bucket=buckets[1], Key="tenants/a/1", Body=b"x"))
    reader = r2_keys(value, *options)
    assert reader.get_object(Bucket=site, Key="tenants/a/1")["Body"].read() == b"tenants/a/1"
    refused("AccessDenied", 403, lambda: reader.put_object(Bucket=site, Key="tenants/a/2", Body=b"x"))
    refused("AccessDenied", 403, lambda: reader.delete_object(Bucket=site, Key="tenants/a/1"))


def test_temporary_keys_end_by_themselves(parent, r2_keys, site, refused):
    client = r2_keys(parent.value, "--temporary", "1s", "--bucket", site)
    time.sleep(1.1)
    refused("Unauthorized", 401, lambda: client.list_objects_v2(Bucket=site))


def test_temporary_keys_end_with_their_token(plan_token, r2_keys, rest, site, refused):
    token = plan_token("boto3-revoked", "--recipe", "r2-s3-read", "--bucket", site)
    keys = [r2_keys(token.value, "--temporary", age, "--bucket", site) for age in ("1h", "7d")]
    keys.append(r2_keys(None, "--temporary", "1h", "--bucket", site, "--key-id", token.id))
    for client in keys:
        client.list_objects_v2(Bucket=site)
    rest("DELETE", f"/user/tokens/{token.id}")
    for client in keys:
        refused("Unauthorized", 401, lambda: client.list_objects_v2(Bucket=site))


def test_the_keys_of_a_new_token(r2_keys, rest, site, refused):
    client = r2_keys(None, "--create", "--read-only", "--bucket", site, "--name", "boto3-made", "--yes")
    client.list_objects_v2(Bucket=site)
    refused("AccessDenied", 403, lambda: client.put_object(Bucket=site, Key="a", Body=b"x"))
    assert "boto3-made" in [token["name"] for token in rest("GET", "/user/tokens?per_page=50")]
