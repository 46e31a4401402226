/** What a tenant's own keys can put into its folder must not hurt the isolate that serves all tenants. */
import assert from "node:assert/strict";
import { test } from "node:test";

import { blobKey, manifestKey, releaseKey } from "../src/layout.js";
import { Manifest } from "../src/manifest.js";
import { buffer, encodeManifest, sha256 } from "./support/manifest.js";
import { Platform, RELEASE } from "./support/platform.js";

test("a manifest of a gigabyte is not read", async () => {
    const platform = new Platform().site({ "/index.html": "home" });
    platform.kv.delete(manifestKey("acme", RELEASE));
    platform.sizes.set(releaseKey("acme", RELEASE), 1 << 30);
    for (const host of ["acme.example.com", `${RELEASE}--acme.example.com`]) {
        const answer = await platform.ask("/", { host });
        assert.deepEqual([answer.status, answer.headers.get("x-flarekeep-error")], [502, "bad-manifest"]);
    }
    assert.deepEqual(platform.inMemory, []);
});

test("a blob that is larger than its manifest says is not kept in memory", async () => {
    const platform = new Platform().site({ "/index.html": "home" });
    const key = blobKey("acme", sha256("home"));
    platform.sizes.set(key, 1 << 30);
    for (let i = 0; i < 4; i++) assert.equal((await platform.ask("/")).text, "home");
    assert.deepEqual(platform.inMemory, []);
    platform.sizes.clear();
    for (let i = 0; i < 4; i++) assert.equal((await platform.ask("/")).text, "home");
    assert.deepEqual(platform.inMemory, [key]);
});

test("a configuration weighs more than its bytes: it is read, and compiled", () => {
    const rules = Object.fromEntries(Array.from({ length: 2000 }, (_, i) => [`/${i}`.padEnd(500, "x"), ["/", 302]]));
    const bytes = buffer(encodeManifest(RELEASE, {}, { redirects: { static: rules, dynamic: [] } }));
    assert.ok(new Manifest(bytes, RELEASE).weight > 4 * bytes.byteLength);
});

test("where KV has no manifest, the tenant's own is read from the bucket", async () => {
    const platform = new Platform();
    for (const tenant of ["acme", "zeta"]) {
        platform.release(tenant, RELEASE, { "/index.html": `<<${tenant}>>` }).live(tenant);
        platform.kv.delete(manifestKey(tenant, RELEASE));
    }
    for (const tenant of ["zeta", "acme", "zeta"]) {
        assert.equal((await platform.ask("/", { host: `${tenant}.example.com` })).text, `<<${tenant}>>`);
    }
});

test("a host's record that names no tenant leads nowhere", async () => {
    const platform = new Platform().site({ "/index.html": "home" });
    for (const tenant of ["", "acme/../zeta", "ACME", "acme:01jd3m8q7rabcdef", null, 7, ["acme"]]) {
        const host = `www${platform.kv.size}.acme.test`;
        const answer = await platform.host(host, tenant).ask("/", { host });
        assert.deepEqual([answer.status, answer.headers.get("x-flarekeep-error")], [502, "bad-record"], `${tenant}`);
    }
});
