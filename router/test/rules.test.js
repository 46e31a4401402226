import assert from "node:assert/strict";
import { test } from "node:test";

import { apply } from "../src/headers.js";
import { redirected } from "../src/redirects.js";
import { Random } from "./support/random.js";

const manifest = (config) => ({ config, compiled: new Map() });
const led = (redirects, path) => redirected(manifest({ redirects }), new URL(`https://acme.test${path}`));

test("redirects: the very path first, then the patterns in their order", () => {
    const rules = {
        static: { "/a": ["/b", 301], "/q": ["/r?x=1#y", 302], "/out": ["https://other.test/p", 308], "/%C3%A9": ["/e", 302] },
        dynamic: [
            ["/blog/*", "/posts/:splat", 302], ["/blog/never", "/x", 302], ["/app/*", "/app.html", 200], ["/gone/*", "/gone.html", 404],
            ["/shop", "/goods/:id", 301, { id: ":id", lang: "en" }], ["/:year/:month", "/:month-:year", 307],
        ],
    };
    assert.deepEqual(led(rules, "/a"), { status: 301, location: "/b" });
    assert.deepEqual(led(rules, "/a?q=1"), { status: 301, location: "/b?q=1" });
    assert.deepEqual(led(rules, "/q?q=1"), { status: 302, location: "/r?x=1#y" });
    assert.deepEqual(led(rules, "/out?q"), { status: 308, location: "https://other.test/p?q" });
    assert.deepEqual(led(rules, "/%c3%a9"), { status: 302, location: "/e" });
    assert.deepEqual(led(rules, "/é"), { status: 302, location: "/e" });
    assert.deepEqual(led(rules, "/blog/x/y"), { status: 302, location: "/posts/x/y" });
    assert.deepEqual(led(rules, "/blog/never"), { status: 302, location: "/posts/never" });
    assert.deepEqual(led(rules, "/app/x"), { status: 200, path: "/app.html" });
    assert.deepEqual(led(rules, "/gone/x"), { status: 404, path: "/gone.html" });
    assert.deepEqual(led(rules, "/shop?lang=en&id=a%2Fb%26c"), { status: 301, location: "/goods/a%2Fb%26c?lang=en&id=a%2Fb%26c" });
    assert.equal(led(rules, "/shop?lang=de&id=1"), null);
    assert.equal(led(rules, "/shop"), null);
    assert.deepEqual(led(rules, "/2026/11"), { status: 307, location: "/11-2026" });
    assert.equal(led(rules, "/constructor"), null);
    assert.equal(led(undefined, "/a"), null);
});

test("no rule leads to another site that it does not name, nor to where the visitor is", () => {
    const everywhere = { dynamic: [["/r/*", "/:splat", 302], ["/s/*", ":splat", 302], ["/same/*", "/same/:splat", 302]] };
    for (const path of ["/r//evil.org", "/r///evil.org", "/r/\\evil.org", "/s//evil.org", "/s/\\\\evil.org", "/r/%2Fevil.org"]) {
        const { location } = led(everywhere, path);
        assert.equal(new URL(location, "https://acme.test").host, "acme.test", `${path} to ${location}`);
    }
    assert.equal(led(everywhere, "/same/x?y"), null);
    assert.equal(led({ dynamic: [["/*", "https://acme.test/:splat", 301]] }, "/x"), null);
});

test("10,000 sets of rules: one step, on this site, to another address", () => {
    const random = new Random(6);
    for (let i = 0; i < 10_000; i++) {
        const place = () => `/${random.text(["a", "b", "/", ":splat", "*", ":x"], 3)}`;
        const rules = { static: {}, dynamic: [] };
        for (let n = random.below(4); n >= 0; n--) {
            const from = place().replace(/:splat/g, "c");
            if ((from.match(/\*/g) ?? []).length > 1 || (from.match(/:x/g) ?? []).length > 1) continue;
            rules.dynamic.push([from, place().replaceAll("*", "s"), random.pick([301, 200, 404])]);
        }
        const path = `/${random.text(["a", "b", "/", "c"], 4)}`;
        const next = led(rules, path);
        if (next?.location) assert.notEqual(next.location, path);
        if (next?.location) assert.equal(new URL(next.location, "https://acme.test").host, "acme.test");
        if (next?.path) assert.match(next.path, /^\/(?!\/)/);
    }
});

test("headers: in their order, joined where two say the same, never ours", () => {
    const site = manifest({
        headers: [
            ["/*", [["X-A", "1"], ["Cache-Control", "no-store"], ["Link", "</a>"], ["Content-Length", "7"], ["ETag", "x"]], []],
            ["/p/:id", [["X-Id", ":id"], ["link", "</b>"]], ["X-A", "Content-Encoding", "X-Flarekeep-Release"]],
            ["https://acme.test/p/*", [["X-Host", ":splat"]], []],
            ["https://other.test/*", [["X-Other", "1"]], []],
        ],
    });
    const headers = new Headers({ "cache-control": "public", "content-length": "1", "x-flarekeep-release": "r", "content-encoding": "br" });
    apply(site, new URL("https://acme.test/p/7"), headers);
    assert.deepEqual(Object.fromEntries(headers), {
        "cache-control": "no-store", "content-encoding": "br", "content-length": "1", link: "</a>, </b>", "x-flarekeep-release": "r",
        "x-host": "7", "x-id": "7",
    });
    const written = manifest({ headers: [["/café/*", [["X-A", "1"]], []]] });
    for (const path of ["/café/x", "/caf%c3%a9/x"]) {
        const given = new Headers();
        apply(written, new URL(`https://acme.test${path}`), given);
        assert.equal(given.get("x-a"), "1", path);
    }
    const odd = manifest({ headers: [["/*", [["X-Bad", "a\nb"], ["X y", "1"], ["X-Good", "1"]]]] });
    const kept = new Headers();
    apply(odd, new URL("https://acme.test/"), kept);
    assert.deepEqual(Object.fromEntries(kept), { "x-good": "1" });
});
