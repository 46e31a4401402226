import assert from "node:assert/strict";
import { test } from "node:test";

import { answerBlob, readBlob } from "../src/blob.js";
import { Platform, RELEASE } from "./support/platform.js";
import { sha256 } from "./support/manifest.js";

const OLDER = "01jd3m8q7qabcdef";
const FILES = { "/index.html": "home", "/app.js": { text: "0123456789", br: "BR", gzip: "GZ" }, "/404.html": "nothing here" };

test("a file, with all that is said of it", async () => {
    const { status, headers, text } = await new Platform().site(FILES).ask("/");
    assert.equal(status, 200);
    assert.equal(text, "home");
    assert.deepEqual(Object.fromEntries(headers), {
        "accept-ranges": "bytes", "cache-control": "public, max-age=0, must-revalidate",
        "content-type": "text/html; charset=utf-8", etag: `"${sha256("home")}"`, "last-modified": headers.get("last-modified"),
        "referrer-policy": "strict-origin-when-cross-origin", "x-content-type-options": "nosniff", "x-flarekeep-release": RELEASE,
    });
    assert.ok(Date.parse(headers.get("last-modified")) > 0);
});

test("HEAD says the same, and reads no blob", async () => {
    const platform = new Platform().site(FILES);
    const [get, before] = [await platform.ask("/app.js"), platform.reads.length];
    const head = await platform.ask("/app.js", { method: "HEAD" });
    assert.equal(head.headers.get("content-length"), "10");
    // With a body, the runtime says how long it is.
    head.headers.delete("content-length");
    assert.deepEqual([...head.headers], [...get.headers]);
    assert.equal(head.text, "");
    assert.equal(platform.reads.length, before);
});

test("conditions read no blob", async () => {
    const platform = new Platform().site(FILES);
    const { headers } = await platform.ask("/app.js");
    const before = platform.reads.length;
    const again = await platform.ask("/app.js", { "if-none-match": `"x", ${headers.get("etag")}` });
    assert.deepEqual([again.status, again.text, again.headers.get("etag"), again.headers.get("content-type")], [304, "", headers.get("etag"), null]);
    assert.equal((await platform.ask("/app.js", { "if-modified-since": headers.get("last-modified") })).status, 304);
    assert.equal((await platform.ask("/app.js", { "if-match": '"x"' })).status, 412);
    assert.equal(platform.reads.length, before);
    assert.equal((await platform.ask("/none", { "if-none-match": "*" })).status, 404);
});

test("ranges", async () => {
    const platform = new Platform().site(FILES);
    const ask = (range, more) => platform.ask("/app.js", { range, "accept-encoding": "br", ...more });
    const part = await ask("bytes=2-4");
    assert.deepEqual([part.status, part.text, part.headers.get("content-range")], [206, "234", "bytes 2-4/10"]);
    assert.equal(part.headers.get("content-encoding"), null);
    assert.equal((await ask("bytes=-1")).text, "9");
    const outside = await ask("bytes=10-");
    assert.deepEqual([outside.status, outside.headers.get("content-range")], [416, "bytes */10"]);
    const identity = part.headers.get("etag");
    assert.equal((await ask("bytes=0-0", { "if-range": identity })).status, 206);
    assert.deepEqual([(await ask("bytes=0-0", { "if-range": '"old"' })).status, (await ask("bytes=0-1,3-4")).status], [200, 200]);
    assert.equal((await ask("bytes=0-0", { "if-none-match": identity })).status, 304);
    assert.equal((await platform.ask("/none", { range: "bytes=0-0" })).status, 404);
});

test("a compressed form where the visitor takes it", async () => {
    const platform = new Platform().site(FILES);
    const br = await platform.ask("/app.js", { "accept-encoding": "gzip, br" });
    assert.deepEqual([br.text, br.headers.get("content-encoding"), br.headers.get("vary")], ["BR", "br", "Accept-Encoding"]);
    assert.equal(br.headers.get("etag"), `"${sha256("0123456789")}-br"`);
    const gzip = await platform.ask("/app.js", { "accept-encoding": "gzip" });
    assert.deepEqual([gzip.text, gzip.headers.get("etag")], ["GZ", `"${sha256("0123456789")}-gz"`]);
    const plain = await platform.ask("/app.js", {});
    assert.deepEqual([plain.text, plain.headers.get("vary")], ["0123456789", "Accept-Encoding"]);
    assert.equal((await platform.ask("/", { "accept-encoding": "br" })).headers.get("vary"), null);
    // The form that the manifest promises is gone: the file as it is.
    platform.bucket.delete(`sites/acme/blobs/${sha256("0123456789")}.br`);
    platform.records = new platform.records.constructor();
    const instead = await platform.ask("/app.js", { "accept-encoding": "br" });
    assert.deepEqual([instead.status, instead.text, instead.headers.get("content-encoding")], [200, "0123456789", null]);
    assert.equal(instead.headers.get("etag"), `"${sha256("0123456789")}"`);
});

test("what is not there", async () => {
    const platform = new Platform().site(FILES);
    const page = await platform.ask("/none?x");
    assert.deepEqual([page.status, page.text, page.headers.get("x-flarekeep-release")], [404, "nothing here", RELEASE]);
    const none = await new Platform().site({}, { notFound: "none" }).ask("/");
    assert.deepEqual([none.status, none.text, none.headers.get("x-flarekeep-release")], [404, "Not found\n", RELEASE]);
    const single = await new Platform().site(FILES, { notFound: "single-page-application" }).ask("/deep/link");
    assert.deepEqual([single.status, single.text], [200, "home"]);
});

test("other methods", async () => {
    const platform = new Platform().site(FILES, { redirects: { static: { "/old": ["/", 301] } } });
    const post = await platform.ask("/", { method: "POST" });
    assert.deepEqual([post.status, post.headers.get("allow")], [405, "GET, HEAD"]);
    assert.equal((await platform.ask("/none", { method: "DELETE" })).status, 404);
    assert.equal((await platform.ask("/old", { method: "POST" })).status, 301);
});

test("addresses with detours lead to the plain one", async () => {
    const platform = new Platform().site({ "/a/b.txt": "b", "/@x/é.txt": "e", "/p.html": "p" });
    assert.equal((await platform.ask("//a//b.txt?q")).headers.get("location"), "/a/b.txt?q");
    assert.equal((await platform.ask("/a%2Fb.txt")).headers.get("location"), "/a/b.txt");
    for (const path of ["/@x/é.txt", "/%40x/%c3%a9.txt", "/a/../@x/%C3%A9.txt", "/%2e/@x/%C3%A9.txt"]) assert.equal((await platform.ask(path)).text, "e", path);
    assert.equal((await platform.ask("/p.html?q=1")).headers.get("location"), "/p?q=1");
    assert.equal((await platform.ask("///evil.org/%2e%2e")).status, 404);
    assert.equal((await platform.ask(`/${"a".repeat(8_192)}`)).headers.get("x-flarekeep-error"), "long-path");
});

test("rules of a site", async () => {
    const platform = new Platform().site({ ...FILES, "/users/id.html": "a user" }, {
        redirects: { static: { "/": ["/other", 302] }, dynamic: [["/users/*", "/users/id.html", 200], ["/gone/*", "/404.html", 404]] },
        headers: [["/*", [["X-Own", "1"], ["Cache-Control", "private"], ["X-Robots-Tag", "all"]], ["Referrer-Policy"]]],
    });
    const redirect = await platform.ask("/");
    assert.deepEqual([redirect.status, redirect.headers.get("location"), redirect.headers.get("x-own")], [302, "/other", null], "a rule wins over a file");
    assert.equal(redirect.headers.get("x-flarekeep-release"), RELEASE);
    const served = await platform.ask("/users/7");
    assert.deepEqual([served.status, served.text, served.headers.get("cache-control")], [200, "a user", "private"]);
    assert.deepEqual([served.headers.get("x-own"), served.headers.get("referrer-policy")], ["1", null]);
    const circle = { "/a": ["/b", 200], "/b": ["/a", 200], "/c": ["/c/d", 301], "/c/d": ["/c", 301] };
    const round = new Platform().site({ "/b": "b" }, { redirects: { static: circle } });
    assert.equal((await round.ask("/a")).text, "b", "what is served in another's place is not asked for again");
    assert.equal((await round.ask("/b")).status, 404);
    assert.equal((await round.ask("/c")).headers.get("location"), "/c/d", "one step for each request");
    const gone = await platform.ask("/gone/x");
    assert.deepEqual([gone.status, gone.text, gone.headers.get("x-own")], [404, "nothing here", "1"]);
    assert.equal((await platform.ask("/app.js", { "if-none-match": "*" })).headers.get("x-own"), "1");
});

test("hosts", async () => {
    const platform = new Platform().site(FILES).host("www.acme.org", "acme").host("www.none.org", "none");
    assert.equal((await platform.ask("/", { host: "www.acme.org" })).text, "home");
    assert.equal((await platform.ask("/", { host: "WWW.Acme.org:8443" })).text, "home");
    for (const host of ["other.example.com", "www.none.org", "www.other.org", "example.com", "a--b.example.com", "www.acme.org.example.com"]) {
        const { status, headers, text } = await platform.ask("/", { host });
        assert.deepEqual([status, headers.get("x-flarekeep-error"), headers.get("x-flarekeep-release")], [404, "unknown-host", null], host);
        assert.equal(headers.get("cache-control"), "no-store");
        assert.equal(text, "There is no site at this address.\n");
    }
});

test("previews", async () => {
    const platform = new Platform().site(FILES).release("acme", OLDER, { "/index.html": "older" }).release("next", RELEASE, { "/index.html": "next" });
    const older = await platform.ask("/", { host: `${OLDER}--acme.example.com` });
    assert.deepEqual([older.text, older.headers.get("x-robots-tag"), older.headers.get("x-flarekeep-release")], ["older", "noindex", OLDER]);
    assert.equal((await platform.ask("/", { host: `${RELEASE}--next.example.com` })).text, "next", "before it is ever live");
    assert.equal((await platform.ask("/", { host: "next.example.com" })).status, 404);
    const none = await platform.ask("/", { host: "01jd3m8q7zabcdef--acme.example.com" });
    assert.deepEqual([none.status, none.headers.get("x-flarekeep-error")], [404, "unknown-release"]);
    assert.equal((await platform.ask("/")).headers.get("x-robots-tag"), null);
    platform.live("next", RELEASE, [], "suspended");
    platform.records = new platform.records.constructor();
    assert.equal((await platform.ask("/", { host: `${RELEASE}--next.example.com` })).headers.get("x-flarekeep-error"), "suspended");
});

test("a fingerprinted file of an earlier release, and no other", async () => {
    const older = { "/main.0a1b2c3d.js": { text: "old", fingerprinted: true }, "/plain.js": "old" };
    const platform = new Platform().site(FILES).release("acme", OLDER, older).live("acme", RELEASE, [OLDER]);
    const kept = await platform.ask("/main.0a1b2c3d.js");
    assert.deepEqual([kept.status, kept.text, kept.headers.get("x-flarekeep-release")], [200, "old", OLDER]);
    assert.equal(kept.headers.get("cache-control"), "public, max-age=31536000, immutable");
    assert.equal((await platform.ask("/plain.js")).status, 404);
    assert.equal((await platform.ask("/main.0a1b2c3d.js", { host: `${RELEASE}--acme.example.com` })).status, 404);
});

test("what a store lacks or says wrongly", async () => {
    const word = async (platform) => {
        const { status, headers, text } = await platform.ask("/");
        assert.ok(!/acme|KV|Error/.test(text));
        return [status, headers.get("x-flarekeep-error")];
    };
    const without = (change) => {
        const platform = new Platform().site(FILES);
        change(platform);
        return word(platform);
    };
    assert.deepEqual(await without((p) => p.live("acme", RELEASE, [], "suspended")), [503, "suspended"]);
    assert.deepEqual(await without((p) => p.live("acme", "../../etc/passwd")), [502, "bad-record"]);
    assert.deepEqual(await without((p) => p.kv.set("site:acme", "{}")), [502, "bad-record"]);
    assert.deepEqual(await without((p) => p.kv.set("site:acme", "{")), [503, "internal"]);
    assert.deepEqual(await without((p) => p.kv.set(`m:acme:${RELEASE}`, "FKM1")), [502, "bad-manifest"]);
    assert.deepEqual(await without((p) => p.bucket.clear()), [502, "missing-blob"]);
    assert.deepEqual(await without((p) => (p.kv.delete(`m:acme:${RELEASE}`), p.bucket.clear())), [502, "missing-manifest"]);
    assert.deepEqual(await without((p) => (p.broken = true)), [503, "internal"]);
    const platform = new Platform().site(FILES);
    platform.kv.delete(`m:acme:${RELEASE}`);
    assert.equal((await platform.ask("/")).text, "home", "the bucket has the manifest that KV has not yet");
    platform.broken = true;
    assert.equal((await platform.ask("/")).text, "home", "what is remembered serves while KV is down");
});

test("one read of KV and of the manifest serves many requests", async () => {
    const platform = new Platform().site(FILES);
    for (let i = 0; i < 10; i++) await platform.ask("/");
    assert.deepEqual(platform.reads.filter((read) => !read.includes("/blobs/")), ["KV site:acme", `KV m:acme:${RELEASE}`]);
});

test("small contents are kept by tenant, large ones are read in parts", async () => {
    const text = "x".repeat(300_000);
    const platform = new Platform().site({ "/small.txt": "small", "/large.txt": text });
    for (let i = 0; i < 3; i++) assert.equal((await platform.ask("/small.txt")).text, "small");
    assert.equal((await platform.ask("/small.txt", { range: "bytes=1-2" })).text, "ma");
    assert.equal(platform.reads.filter((read) => read.includes("/blobs/")).length, 2, "from the second time on it is kept");
    for (let i = 0; i < 3; i++) assert.equal((await platform.ask("/large.txt", { range: "bytes=1-2" })).text, "xx");
    assert.equal(platform.reads.filter((read) => read.includes("/blobs/")).length, 5);
    // The same content of another tenant is another blob.
    platform.release("zeta", RELEASE, { "/small.txt": "small" }).live("zeta");
    platform.bucket.delete(`sites/zeta/blobs/${sha256("small")}`);
    assert.equal((await platform.ask("/small.txt", { host: "zeta.example.com" })).status, 502);
    platform.bucket.set(`sites/zeta/blobs/${sha256("small")}`, Buffer.from("smal"));
    // (Its length is only looked at where it is to be kept.)
    assert.equal((await platform.ask("/small.txt", { host: "zeta.example.com" })).status, 502, "a content that was cut");
});

test("a blob is read for its own tenant alone", async () => {
    const platform = new Platform().site(FILES);
    const name = sha256("home");
    const ask = async (path, tenant) => (await answerBlob(new Request(`https://blob${path}`), platform.env, tenant)).status;
    assert.equal(await ask(`/acme/${name}`, "acme"), 200);
    for (const [path, tenant] of [
        [`/acme/${name}`, "zeta"], [`/acme/${name}`, undefined], [`/zeta/${name}`, "acme"], [`/acme/${name}/x`, "acme"],
        [`/acme/../acme2/${name}`, "acme"], [`/a%2Fb/${name}`, "a%2Fb"], ["/acme/current.json", "acme"], [`/acme/${name}.zst`, "acme"],
    ]) assert.equal(await ask(path, tenant), 400, path);
    // Where a cache stands before the entrypoint, the tenant is in the address as well as in the props: both are in a cache's key.
    const seen = [];
    const exports = { Blob: ({ props }) => ({ fetch: async (address) => (seen.push([props, address]), new Response("")) }) };
    await readBlob({ BLOB_CACHE: "on" }, { exports }, "acme", name, null);
    assert.deepEqual(seen, [[{ tenant: "acme" }, `https://blob/acme/${name}`]]);
});
