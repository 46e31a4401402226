import assert from "node:assert/strict";
import { test } from "node:test";

import { readHost } from "../src/host.js";
import { isRelease, isSlug, releaseTime } from "../src/layout.js";
import { Random } from "./support/random.js";

const read = (host, address = host) => readHost(host, new URL(`https://${address}/`), "example.com");
const RELEASE = "01jd3m8q7rabcdef";

test("the forms", () => {
    assert.deepEqual(read("acme.example.com"), { tenant: "acme" });
    assert.deepEqual(read("ACME.Example.COM:8443"), { tenant: "acme" });
    assert.deepEqual(read("acme.example.com."), { tenant: "acme" });
    assert.deepEqual(read("acme.example.com.:80"), { tenant: "acme" });
    assert.deepEqual(read(`${RELEASE}--acme.example.com`), { tenant: "acme", release: RELEASE });
    assert.deepEqual(read("www.acme.org"), { host: "www.acme.org" });
    assert.deepEqual(read("example.com"), { host: "example.com" });
    assert.deepEqual(read("acme.example.com.evil.org"), { host: "acme.example.com.evil.org" });
    assert.deepEqual(read("a.b.example.com"), { host: "a.b.example.com" });
    assert.deepEqual(read("acmeexample.com"), { host: "acmeexample.com" });
    for (const odd of [
        "acme.example.com..", ".example.com", "acme..example.com", "ac_me.example.com", "acme.example.com:", "acme.example.com:x",
        "xn--acme.example.com", "a--b.example.com", `${RELEASE}--.example.com`, `${RELEASE}--a--b.example.com`, "-a.example.com",
        "a-.example.com", `${"a".repeat(41)}.example.com`, "acme.example.com/x", "[::1]", "acme%2eexample.com", "acme.example.com@evil.org",
        "", " acme.example.com x", "ácme.example.com", `${"a.".repeat(127)}aa`,
    ]) {
        let found;
        try {
            found = read(odd, encodeURI(odd) || "x");
        } catch {
            found = null;
        }
        assert.equal(found, null, odd);
    }
    assert.equal(read("acme.example.com", "zeta.example.com"), null, "the two places must agree");
});

test("a preview's release has a time", () => {
    assert.ok(isRelease(RELEASE) && !isRelease("01jd3m8q7rabcdei") && !isRelease(undefined));
    assert.equal(releaseTime("0000000010abcdef"), 32);
    assert.equal(new Date(releaseTime(RELEASE)).getUTCFullYear(), 2024);
});

test("20,000 hosts: a tenant only where the name is exactly theirs", () => {
    const random = new Random(4);
    const pieces = ["acme", "zeta", ".", ".", "example.com", ".example.com", "-", "--", ":80", "A", "_", "%2e", RELEASE, "@", "xn--"];
    let tenants = 0;
    for (let i = 0; i < 20_000; i++) {
        const host = random.text(pieces, 3) + random.pick(["", ".example.com", ".example.com", ".example.com:8080"]);
        let found = null;
        try {
            found = read(host);
        } catch {
            continue;
        }
        if (!found?.tenant) continue;
        tenants++;
        const prefix = found.release ? `${found.release}--` : "";
        assert.ok(isSlug(found.tenant));
        assert.match(host.toLowerCase(), new RegExp(`^${prefix}${found.tenant}\\.example\\.com\\.?(:[0-9]+)?$`), host);
    }
    assert.ok(tenants > 500, `${tenants}`);
});
