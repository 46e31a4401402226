"""What a bucket's token does with the bucket's objects, and what it may not do."""

import io
import urllib.error
import urllib.request

import pytest
from boto3.s3.transfer import TransferConfig

MIB = 1 << 20


def test_objects_are_put_got_listed_and_deleted(writer, reader, site):
    names = ["a.txt", "dir/one file.txt", "dir/\N{LATIN SMALL LETTER E WITH ACUTE}.txt"]
    for name in names:
        writer.put_object(Bucket=site, Key=name, Body=name.encode(), ContentType="text/plain", Metadata={"colour": "red"})
    got = reader.get_object(Bucket=site, Key=names[1])
    assert (got["Body"].read(), got["ContentType"], got["Metadata"]) == (names[1].encode(), "text/plain", {"colour": "red"})
    assert reader.get_object(Bucket=site, Key="a.txt", Range="bytes=2-")["Body"].read() == b"txt"
    assert reader.head_object(Bucket=site, Key="a.txt")["ContentLength"] == 5

    page = reader.list_objects_v2(Bucket=site, Delimiter="/")
    assert [item["Key"] for item in page["Contents"]] == ["a.txt"]
    assert [item["Prefix"] for item in page["CommonPrefixes"]] == ["dir/"]
    pages = reader.get_paginator("list_objects_v2").paginate(Bucket=site, PaginationConfig={"PageSize": 1})
    assert [item["Key"] for page in pages for item in page["Contents"]] == sorted(names)
    assert [item["Key"] for item in reader.list_objects(Bucket=site, Prefix="dir/")["Contents"]] == sorted(names[1:])

    writer.copy_object(Bucket=site, Key="copy", CopySource={"Bucket": site, "Key": names[1]})
    assert writer.get_object(Bucket=site, Key="copy")["Body"].read() == names[1].encode()
    writer.delete_object(Bucket=site, Key="copy")
    gone = writer.delete_objects(Bucket=site, Delete={"Objects": [{"Key": name} for name in names]})
    assert {item["Key"] for item in gone["Deleted"]} == set(names)
    assert "Contents" not in reader.list_objects_v2(Bucket=site)


def test_a_large_object_goes_up_in_parts(writer, reader, site):
    content = bytes(range(256)) * (12 * MIB // 256) + b"the end"
    config = TransferConfig(multipart_threshold=5 * MIB, multipart_chunksize=5 * MIB)
    writer.upload_fileobj(io.BytesIO(content), site, "large", Config=config)
    into = io.BytesIO()
    reader.download_fileobj(site, "large", into, Config=config)
    assert into.getvalue() == content
    assert reader.head_object(Bucket=site, Key="large")["ETag"].endswith('-3"')
    upload = writer.create_multipart_upload(Bucket=site, Key="given-up")["UploadId"]
    writer.upload_part(Bucket=site, Key="given-up", PartNumber=1, UploadId=upload, Body=b"x")
    assert len(writer.list_parts(Bucket=site, Key="given-up", UploadId=upload)["Parts"]) == 1
    writer.abort_multipart_upload(Bucket=site, Key="given-up", UploadId=upload)
    writer.delete_object(Bucket=site, Key="large")


def test_conditions(writer, site, refused):
    tag = writer.put_object(Bucket=site, Key="once", Body=b"1", IfNoneMatch="*")["ETag"]
    again = lambda **condition: writer.put_object(Bucket=site, Key="once", Body=b"2", **condition)
    refused("PreconditionFailed", 412, lambda: again(IfNoneMatch="*"))
    refused("PreconditionFailed", 412, lambda: again(IfMatch='"other"'))
    again(IfMatch=tag)
    writer.delete_object(Bucket=site, Key="once")


def test_a_link_opens_one_object(writer, site):
    writer.put_object(Bucket=site, Key="linked", Body=b"by link")
    link = writer.generate_presigned_url("get_object", Params={"Bucket": site, "Key": "linked"}, ExpiresIn=60)
    with urllib.request.urlopen(link, timeout=30) as answer:
        assert answer.read() == b"by link"
    with pytest.raises(urllib.error.HTTPError) as caught:
        urllib.request.urlopen(link.replace("linked", "other"), timeout=30)
    assert caught.value.code == 403
    writer.delete_object(Bucket=site, Key="linked")


def test_the_token_reaches_no_other_bucket_and_no_bucket_as_such(writer, buckets, site, refused):
    other = buckets[1]
    refused("AccessDenied", 403, lambda: writer.list_objects_v2(Bucket=other))
    refused("AccessDenied", 403, lambda: writer.put_object(Bucket=other, Key="a", Body=b"1"))
    refused("AccessDenied", 403, lambda: writer.create_bucket(Bucket="conformance-new"))
    refused("AccessDenied", 403, lambda: writer.delete_bucket(Bucket=site))
    refused("AccessDenied", 403, lambda: writer.list_buckets())
    refused("AccessDenied", 403, lambda: writer.copy_object(Bucket=site, Key="a", CopySource={"Bucket": other, "Key": "a"}))


def test_a_reader_writes_nothing(reader, site, refused):
    refused("AccessDenied", 403, lambda: reader.put_object(Bucket=site, Key="a", Body=b"x" * MIB))
    refused("AccessDenied", 403, lambda: reader.create_multipart_upload(Bucket=site, Key="a"))
    refused("AccessDenied", 403, lambda: reader.delete_object(Bucket=site, Key="a"))
    refused("NoSuchKey", 404, lambda: reader.get_object(Bucket=site, Key="a"))
