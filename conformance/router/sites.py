"""A platform as `platform deploy` and `site deploy` make one: the bucket, the namespace, the router, and sites. The binary
manifest is written here a second time, from docs/platform-format.md alone."""

import base64
import hashlib
import json
import struct
import urllib.parse
from pathlib import Path

import proof
from workers import Edge

ACCOUNT, ZONE = f"/accounts/{proof.ACCOUNT}", f"/zones/{proof.ZONE}"
SOURCES = Path(__file__).parents[2] / "router/src"
DOMAIN = "example.com"
TYPES = {"html": "text/html; charset=utf-8", "css": "text/css; charset=utf-8", "js": "text/javascript; charset=utf-8"}


def content_type(path):
    return TYPES.get(path.rsplit(".", 1)[-1], "application/octet-stream")


def encode_manifest(release, files, config=None):
    """`files`: path -> {"hash", "size", "br", "gzip", "fingerprinted"}."""
    types = sorted({content_type(path) for path in files})
    whole = {"v": 1, "release": release, "html": "auto-trailing-slash", "notFound": "404-page", "types": types}
    whole |= {"redirects": {"static": {}, "dynamic": []}, "headers": [], **(config or {})}
    text = json.dumps(whole).encode()
    text_padded = text + b"\0" * (-len(text) % 8)
    rows = []
    for path, file in files.items():
        flags = file.get("br", 0) | file.get("gzip", 0) << 1 | file.get("fingerprinted", 0) << 2
        key = hashlib.sha256(path.encode()).digest()[:16]
        tail = struct.pack("<QHB5x", file["size"], types.index(content_type(path)), flags)
        rows.append(key + bytes.fromhex(file["hash"]) + tail)
    return b"FKM1" + struct.pack("<III", len(text), len(files), 0) + text_padded + b"".join(sorted(rows))


class Platform(Edge):
    """An emulator with the router on `*/*` of the platform's zone. `cached` says whether contents are read through the
    entrypoint before which the platform has its cache; the Workers runtime on its own has none."""

    def __init__(self, folder, cached=True):
        super().__init__(folder, "--dns", "always")
        self.admin("POST", f"{ACCOUNT}/r2/buckets", {"name": "sites"})
        self.namespace = self.admin("POST", f"{ACCOUNT}/storage/kv/namespaces", {"title": "sites"})["id"]
        bindings = [
            {"type": "r2_bucket", "name": "BUCKET", "bucket_name": "sites"},
            {"type": "kv_namespace", "name": "KV", "namespace_id": self.namespace},
            {"type": "plain_text", "name": "PLATFORM_DOMAIN", "text": DOMAIN},
            {"type": "version_metadata", "name": "VERSION"},
            *({"type": "plain_text", "name": "BLOB_CACHE", "text": "on"} for _ in range(cached)),
        ]
        modules = {file.name: file.read_text() for file in sorted(SOURCES.glob("*.js"))}
        caches = {"default": {"type": "worker", "cache": {"enabled": False}}, "Blob": {"type": "worker", "cache": {"enabled": True}}}
        self.upload(
            "router", modules, bindings, compatibility_flags=["nodejs_compat"], keep_bindings=["secret_text"],
            cache_options={"enabled": True, "cross_version_cache": True}, exports=caches,
        )
        self.route("*/*", "router")

    def _send(self, method, path, body, kind):
        headers = {"X-Auth-Email": proof.EMAIL, "X-Auth-Key": self.global_key, "Content-Type": kind}
        status, answer = proof.send(self.api, method, path, headers, body)
        assert status == 200, answer
        return answer

    def put_object(self, key, body):
        self._send("PUT", f"{ACCOUNT}/r2/buckets/sites/objects/{urllib.parse.quote(key)}", body, "application/octet-stream")

    def delete_object(self, key):
        self.admin("DELETE", f"{ACCOUNT}/r2/buckets/sites/objects/{urllib.parse.quote(key)}")

    def put_keys(self, pairs):
        rows = [{"key": key, "value": base64.b64encode(value).decode(), "base64": True} for key, value in pairs.items()]
        self.admin("PUT", f"{ACCOUNT}/storage/kv/namespaces/{self.namespace}/bulk", rows)

    def release(self, tenant, release, files, config=None, manifest_in_kv=True):
        """Uploads a release. `files`: path -> bytes, or (bytes, {"br": bytes, "gzip": bytes, "fingerprinted": True})."""
        rows, blobs = {}, {}
        for path, given in files.items():
            body, more = given if isinstance(given, tuple) else (given, {})
            name = hashlib.sha256(body).hexdigest()
            blobs[name] = body
            blobs |= {name + ending: more[form] for form, ending in (("br", ".br"), ("gzip", ".gz")) if form in more}
            rows[path] = {"hash": name, "size": len(body), **{flag: 1 for flag in more}}
        for name, body in blobs.items():
            self.put_object(f"sites/{tenant}/blobs/{name}", body)
        manifest = encode_manifest(release, rows, config)
        self.put_object(f"sites/{tenant}/releases/{release}.bin", manifest)
        if manifest_in_kv:
            self.put_keys({f"m:{tenant}:{release}": manifest})

    def live(self, tenant, release, previous=(), state="live"):
        record = {"v": 1, "release": release, "previous": list(previous), "state": state}
        self.put_keys({f"site:{tenant}": json.dumps(record).encode()})

    def domain(self, host, tenant):
        """A customer's own host: a custom hostname that is active, and the edge's copy of the registry."""
        if not getattr(self, "has_fallback", False):
            self.admin("POST", f"{ZONE}/dns_records", {"type": "AAAA", "name": "fallback", "content": "100::", "ttl": 1, "proxied": True})
            self.admin("PUT", f"{ZONE}/custom_hostnames/fallback_origin", {"origin": f"fallback.{DOMAIN}"})
            self.has_fallback = True
        self.admin("POST", f"{ZONE}/custom_hostnames", {"hostname": host, "ssl": {"method": "http", "type": "dv"}})
        self.put_keys({f"host:{host}": json.dumps({"v": 1, "tenant": tenant}).encode()})
