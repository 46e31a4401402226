"""Uploaded Workers answer by their routes, with what they are bound to."""

import json
import os
import signal
import time
from pathlib import Path

import proof

ACCOUNT = f"/accounts/{proof.ACCOUNT}"
SAY = "export default {{ fetch() {{ return new Response('{}') }} }}"

#: Does what the body says, as JavaScript would: `{"do": "put", "with": [...]}` on the binding, and tells what came of it.
REMOTE = """
const plain = async (value) => {
  if (value === null || value === undefined || typeof value !== "object") return value;
  if (value instanceof Map) return Object.fromEntries(await Promise.all([...value].map(async ([k, v]) => [k, await plain(v)])));
  if (Array.isArray(value)) return Promise.all(value.map(plain));
  if (value instanceof ArrayBuffer) return new TextDecoder().decode(value);
  if (value instanceof ReadableStream) return new Response(value).text();
  if ("etag" in value && "version" in value) return {
    key: value.key, size: value.size, etag: value.etag, version: value.version, uploaded: value.uploaded.toISOString(),
    http: value.httpMetadata, own: value.customMetadata, range: value.range, checksums: value.checksums?.toJSON(),
    storageClass: value.storageClass, ...("body" in value ? { text: await value.text() } : {}) };
  return Object.fromEntries(await Promise.all(Object.entries(value).map(async ([k, v]) => [k, await plain(v)])));
};
const dates = (value) => {
  if (value && typeof value === "object" && "headers" in value && Object.keys(value).length === 1) return new Headers(value.headers);
  if (value && typeof value === "object" && !Array.isArray(value)) return Object.fromEntries(Object.entries(value).map(([k, v]) =>
    [k, k.startsWith("uploaded") ? new Date(v) : dates(v)]));
  return value;
};
export default { async fetch(request, env) {
  const { on, upload, act, args } = await request.json();
  try {
    let target = env[on];
    if (upload) target = target.resumeMultipartUpload(...upload);
    let given = args.map(dates);
    if (typeof given[1] === "object" && given[1]?.repeat) given[1] = new Uint8Array(given[1].repeat).fill(given[1].byte);
    const made = await target[act](...given);
    if (act === "createMultipartUpload") return Response.json({ value: made.uploadId });
    return Response.json({ value: (await plain(made)) ?? null });
  } catch (error) { return Response.json({ error: String(error) }) }
} }
"""


def remote(edge, kind):
    """A Worker `kind` with a bucket and a namespace of its own, and a call of its bindings."""
    edge.admin("POST", f"{ACCOUNT}/r2/buckets", {"name": f"{kind}-bucket"})
    namespace = edge.admin("POST", f"{ACCOUNT}/storage/kv/namespaces", {"title": kind})["id"]
    bindings = [{"type": "r2_bucket", "name": "R2", "bucket_name": f"{kind}-bucket"}]
    bindings += [{"type": "kv_namespace", "name": "KV", "namespace_id": namespace}]
    edge.upload(kind, REMOTE, bindings)
    edge.route(f"{kind}.example.com/*", kind)

    def call(on, act, *args, upload=None):
        body = json.dumps({"on": on, "act": act, "args": args, "upload": upload}).encode()
        return edge.ask(host=f"{kind}.example.com", method="POST", body=body).json()

    def value(on, act, *args, upload=None):
        answer = call(on, act, *args, upload=upload)
        assert "value" in answer, answer
        return answer["value"]

    return call, value


def test_routes_decide(edge):
    assert edge.ask(host="nobody.test").headers["x-flarekeep-edge"] == "unknown-host"
    assert edge.ask(host="routes.example.com").headers["x-flarekeep-edge"] == "no-worker"
    edge.upload("wide", SAY.format("wide"))
    edge.upload("narrow", SAY.format("narrow"))
    edge.route("*.routes.example.com/*", "wide")
    edge.route("www.routes.example.com/*", "narrow")
    edge.route("www.routes.example.com/static/*", None)
    assert edge.ask("/a?b", "x.routes.example.com").text == "wide"
    answer = edge.ask("/", "WWW.routes.example.com:80")
    assert answer.text == "narrow" and answer.headers["x-flarekeep-edge"].startswith("worker=narrow; version=")
    assert edge.ask("/static/a.css", "www.routes.example.com").status == 522


def test_what_a_worker_sees(edge):
    source = """export default { async fetch(request, env) { return Response.json({
      url: request.url, method: request.method, body: await request.text(), ip: request.headers.get("cf-connecting-ip"),
      ray: request.headers.get("cf-ray"), proto: request.headers.get("x-forwarded-proto"), cf: request.cf,
      own: [...request.headers.keys()].filter((name) => name.startsWith("x-flarekeep")),
      text: env.TEXT, json: env.JSON, version: env.VERSION, secret: env.SECRET }) } }"""
    bindings = [
        {"type": "plain_text", "name": "TEXT", "text": 'a "quoted" \\ line\n\u00e9'},
        {"type": "json", "name": "JSON", "json": {"a": [1]}},
        {"type": "version_metadata", "name": "VERSION"},
        {"type": "secret_text", "name": "SECRET", "text": "first"},
    ]
    edge.upload("sees", source, bindings, annotations={"workers/tag": "a-tag"})
    edge.route("sees.example.com/*", "sees")
    seen = edge.ask("/p?q=1", "sees.example.com", "POST", b"hello", cf_connecting_ip="8.8.8.8", x_flarekeep_cf="{}").json()
    assert (seen["url"], seen["method"], seen["body"]) == ("http://sees.example.com/p?q=1", "POST", "hello")
    assert (seen["ip"], seen["proto"], seen["own"]) == ("127.0.0.1", "http", []) and seen["ray"]
    assert seen["text"] == 'a "quoted" \\ line\n\u00e9' and seen["json"] == {"a": [1]} and seen["cf"]["colo"]
    assert seen["version"]["tag"] == "a-tag" and len(seen["version"]["id"]) == 36
    assert seen["secret"] == "first"
    assert edge.ask("/", "sees.example.com", x_forwarded_proto="https").json()["url"] == "https://sees.example.com/"
    edge.admin("PUT", f"{ACCOUNT}/workers/scripts/sees/secrets", {"name": "SECRET", "text": "second", "type": "secret_text"})
    assert edge.ask(host="sees.example.com").json()["secret"] == "second"


def test_a_new_version_answers_at_once_and_an_old_one_comes_back(edge):
    edge.route("again.example.com/*", edge.upload("again", SAY.format("one"))["id"])
    assert edge.ask(host="again.example.com").text == "one"
    edge.upload("again", SAY.format("two"))
    assert edge.ask(host="again.example.com").text == "two"
    versions = edge.admin("GET", f"{ACCOUNT}/workers/scripts/again/versions")["items"]
    by_number = {version["number"]: version["id"] for version in versions}
    deployments = f"{ACCOUNT}/workers/scripts/again/deployments"
    deploy = lambda *shares: edge.admin("POST", deployments, {"strategy": "percentage", "versions": [
        {"version_id": by_number[number], "percentage": share} for number, share in shares]})
    deploy((1, 100))
    assert edge.ask(host="again.example.com").text == "one"
    deploy((1, 50), (2, 50))
    answers = [edge.ask(host="again.example.com").text for _ in range(60)]
    assert 15 < answers.count("one") < 45 and answers.count("one") + answers.count("two") == 60


def test_errors_are_pages(edge):
    edge.upload("throws", "export default { fetch() { throw new Error('on purpose') } }")
    edge.route("throws.example.com/*", "throws")
    answer = edge.ask(host="throws.example.com")
    assert answer.status == 500 and "1101" in answer.text and "on purpose" in answer.text
    edge.upload("broken", "export default { this is no JavaScript")
    edge.route("broken.example.com/*", "broken")
    answer = edge.ask(host="broken.example.com")
    assert answer.status == 500 and "SyntaxError" in answer.text
    edge.admin("POST", f"{ACCOUNT}/queues", {"queue_name": "q"})
    edge.upload("bound", SAY.format("never"), [{"type": "queue", "name": "Q", "queue_name": "q"}])
    edge.route("bound.example.com/*", "bound")
    answer = edge.ask(host="bound.example.com")
    assert answer.status == 501 and "`Q` of type queue" in answer.text
    edge.upload("outside", "export default { fetch() { return fetch('https://example.org/') } }")
    edge.route("outside.example.com/*", "outside")
    answer = edge.ask(host="outside.example.com")
    assert answer.status == 523 and "example.org" in answer.text


def test_a_service_binding(edge):
    edge.upload("inner", "export default { async fetch(r) { return new Response(r.url + (await r.text())) } }")
    edge.upload("outer", "export default { fetch(r, env) { return env.INNER.fetch('https://in.test/x', {method: 'POST', body: '!'}) } }",
                [{"type": "service", "name": "INNER", "service": "inner"}])
    edge.route("outer.example.com/*", "outer")
    assert edge.ask(host="outer.example.com").text == "https://in.test/x!"
    edge.upload("inner", SAY.format("newer"))
    assert edge.ask(host="outer.example.com").text == "newer"


def test_a_durable_object_and_the_cache(edge):
    source = """import { DurableObject } from "cloudflare:workers";
    export class Counter extends DurableObject { async fetch() {
      const n = ((await this.ctx.storage.get("n")) ?? 0) + 1; await this.ctx.storage.put("n", n); return new Response(n) } }
    export default { async fetch(r, env) {
      await caches.default.put("http://c/", new Response("held", { headers: { "cache-control": "max-age=60" } }));
      if (await caches.default.match("http://c/")) return new Response("cached");
      return env.COUNTER.get(env.COUNTER.idFromName("a")).fetch(r) } }"""
    edge.upload("counts", source, [{"type": "durable_object_namespace", "name": "COUNTER", "class_name": "Counter"}])
    edge.route("counts.example.com/*", "counts")
    assert [edge.ask(host="counts.example.com").text for _ in range(2)] == ["1", "2"]


def test_r2(edge):
    call, value = remote(edge, "blobs")
    assert value("R2", "head", "k") is None and value("R2", "get", "k") is None
    options = {"httpMetadata": {"contentType": "text/x", "cacheControl": "no-store"}, "customMetadata": {"a": "\u00e9"}}
    put = value("R2", "put", "a/k", "hello", options)
    assert (put["key"], put["size"], put["etag"]) == ("a/k", 5, "5d41402abc4b2a76b9719d911017c592")
    got = value("R2", "get", "a/k")
    assert got["text"] == "hello" and got["http"] == options["httpMetadata"] and got["own"] == {"a": "\u00e9"}
    assert got["checksums"]["md5"] == put["etag"] and got["version"] == put["version"]
    assert value("R2", "head", "a/k")["size"] == 5
    for given, text in (({"offset": 1, "length": 2}, "el"), ({"suffix": 2}, "lo"), ({"headers": {"range": "bytes=1-3"}}, "ell")):
        assert value("R2", "get", "a/k", {"range": given})["text"] == text
    assert "10039" in call("R2", "get", "a/k", {"range": {"offset": 5}})["error"]
    # Conditions, in both forms.
    tag, other = put["etag"], "0" * 32
    assert "text" in value("R2", "get", "a/k", {"onlyIf": {"etagMatches": tag}})
    for unmet in ({"etagMatches": other}, {"etagDoesNotMatch": tag}, {"uploadedBefore": 1}, {"uploadedAfter": 4e12},
                  {"headers": {"if-none-match": f'"{tag}"'}}, {"headers": {"if-match": f'"{other}"'}}):
        assert "text" not in value("R2", "get", "a/k", {"onlyIf": unmet}), unmet
        assert value("R2", "put", "a/k", "other", {"onlyIf": unmet}) is None, unmet
    assert value("R2", "put", "new", "x", {"onlyIf": {"headers": {"if-none-match": "*"}}})["key"] == "new"
    assert value("R2", "put", "new", "y", {"onlyIf": {"headers": {"if-none-match": "*"}}}) is None
    assert value("R2", "get", "a/k")["text"] == "hello"
    # Checksums.
    assert "10037" in call("R2", "put", "sum", "abc", {"sha256": "0" * 64})["error"]
    sha1 = "a9993e364706816aba3e25717850c26c9cd0d89d"
    assert value("R2", "put", "sum", "abc", {"sha1": sha1})["checksums"]["sha1"] == sha1
    # Lists.
    for key in ("l/1", "l/2", "l/d/3", "l/d/4", "l/e/5"):
        value("R2", "put", key, key, {"customMetadata": {"n": key}})
    page = value("R2", "list", {"prefix": "l/", "delimiter": "/", "include": ["customMetadata"]})
    assert [one["own"]["n"] for one in page["objects"]] == ["l/1", "l/2"]
    assert page["delimitedPrefixes"] == ["l/d/", "l/e/"] and not page["truncated"]
    keys, cursor = [], {}
    while True:
        page = value("R2", "list", {"prefix": "l/", "limit": 2, **cursor})
        keys += [one["key"] for one in page["objects"]]
        if not page["truncated"]:
            break
        cursor = {"cursor": page["cursor"]}
    assert keys == ["l/1", "l/2", "l/d/3", "l/d/4", "l/e/5"]
    assert [one["key"] for one in value("R2", "list", {"prefix": "l/", "startAfter": "l/d/3"})["objects"]] == keys[3:]
    value("R2", "delete", ["l/1", "l/2", "not-there"])
    value("R2", "delete", "l/d/3")
    assert [one["key"] for one in value("R2", "list", {"prefix": "l/"})["objects"]] == keys[3:]


def test_r2_in_parts(edge):
    call, value = remote(edge, "parts")
    upload = ["big", value("R2", "createMultipartUpload", "big", {"customMetadata": {"a": "b"}})]
    five = 5 << 20
    parts = [value("R2", "uploadPart", n, {"repeat": size, "byte": 65 + n}, upload=upload) for n, size in ((1, five), (2, 3))]
    done = value("R2", "complete", list(reversed(parts)), upload=upload)
    assert done["size"] == five + 3 and done["etag"].endswith("-2") and done["own"] == {"a": "b"}
    assert value("R2", "get", "big", {"range": {"offset": five - 1}})["text"] == "BCCC"
    assert "10024" in call("R2", "complete", parts, upload=upload)["error"]
    upload = ["small", value("R2", "createMultipartUpload", "small")]
    parts = [value("R2", "uploadPart", n, "abc", upload=upload) for n in (1, 2)]
    assert "10011" in call("R2", "complete", parts, upload=upload)["error"]
    assert "10025" in call("R2", "complete", [{"partNumber": 9, "etag": "x"}], upload=upload)["error"]
    value("R2", "abort", upload=upload)
    assert "10024" in call("R2", "uploadPart", 1, "abc", upload=upload)["error"]
    assert value("R2", "head", "small") is None


def test_kv(edge):
    call, value = remote(edge, "keys")
    assert value("KV", "get", "k") is None
    assert value("KV", "put", "a/b c?\u00e9", '{"x":1}', {"metadata": {"m": "\u00e9"}, "expirationTtl": 600}) is None
    key = "a/b c?\u00e9"
    assert value("KV", "get", key) == '{"x":1}' and value("KV", "get", key, "json") == {"x": 1}
    assert value("KV", "get", key, "arrayBuffer") == value("KV", "get", key, "stream") == '{"x":1}'
    assert value("KV", "getWithMetadata", key)["metadata"] == {"m": "\u00e9"}
    value("KV", "put", "b", "2")
    assert value("KV", "get", ["b", "none"]) == {"b": "2", "none": None}
    assert value("KV", "getWithMetadata", [key], "json")[key] == {"value": {"x": 1}, "metadata": {"m": "\u00e9"}}
    listed = value("KV", "list")
    assert listed["list_complete"] and [one["name"] for one in listed["keys"]] == [key, "b"]
    assert listed["keys"][0]["metadata"] == {"m": "\u00e9"} and listed["keys"][0]["expiration"] > time.time()
    page = value("KV", "list", {"limit": 1})
    assert not page["list_complete"]
    assert [one["name"] for one in value("KV", "list", {"cursor": page["cursor"]})["keys"]] == ["b"]
    assert [one["name"] for one in value("KV", "list", {"prefix": "a/"})["keys"]] == [key]
    assert "400" in call("KV", "put", "c", "x", {"expirationTtl": 10})["error"]
    value("KV", "delete", key)
    value("KV", "delete", "not-there")
    assert value("KV", "get", key) is None


def children(pid):
    """The processes below one, as Linux tells."""
    found = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = stat.read_text().rsplit(")", 1)[1].split()
        except OSError:
            continue
        if int(fields[1]) == pid:
            found += [int(stat.parent.name), *children(int(stat.parent.name))]
    return found


def test_a_killed_emulator_takes_its_workers_with_it(tmp_path, edge):
    with type(edge)(tmp_path / "other") as other:
        other.upload("shop", SAY.format("shop"))
        other.route("example.com/*", "shop")
        assert other.ask().text == "shop"
        below = children(other.process.pid)
        assert below
        os.kill(other.process.pid, signal.SIGKILL)
        for _ in range(200):
            if not any(Path(f"/proc/{pid}").exists() for pid in below):
                return
            time.sleep(0.05)
        raise AssertionError("workerd outlives the emulator")
