import assert from "node:assert/strict";
import { test } from "node:test";

import { Pattern, filled } from "../src/pattern.js";
import { Random } from "./support/random.js";

const match = (pattern, text) => new Pattern(pattern).match(text);

test("the forms", () => {
    assert.deepEqual(match("/blog/*", "/blog/a/b"), { splat: "a/b" });
    assert.deepEqual(match("/blog/*", "/blog/"), { splat: "" });
    assert.equal(match("/blog/*", "/blog"), null);
    assert.deepEqual(match("/:year/:month", "/2026/11"), { year: "2026", month: "11" });
    assert.equal(match("/:year/:month", "/2026/"), null);
    assert.equal(match("/:year", "/2026/11"), null);
    assert.deepEqual(match("/*.html", "/a/b.html"), { splat: "a/b" });
    assert.deepEqual(match("/a", "/a"), {});
    assert.equal(match("/a", "/a/"), null);
    assert.deepEqual(match("https://:sub.example.com/*", "https://a.example.com/b"), { sub: "a", splat: "b" });
    assert.equal(match("https://:sub.example.com/*", "https://a.b.example.com/"), null);
    assert.equal(filled("/:id/:id_2/:other", { id: "1", id_2: "2" }), "/1/2/:other");
    assert.equal(filled("/:constructor", {}), "/:constructor");
});

/** The same as an expression, which may take exponentially long. */
function naive(pattern) {
    const source = pattern.replace(/[-/\\^$+?.()|[\]{}]/g, "\\$&").replace("*", "(?<splat>.*)").replace(/:([A-Za-z]\w*)/g, "(?<$1>[^/]+)");
    return new RegExp(`^${source}$`, "s");
}

test("20,000 patterns match what the expression matches, and take the same", () => {
    const random = new Random(1);
    let matched = 0;
    for (let i = 0; i < 20_000; i++) {
        const names = [":a", ":b", ":c"];
        let pattern = "/";
        for (let parts = random.below(6); parts > 0; parts--) {
            const kind = random.below(3);
            if (kind === 0 && names.length > 0) pattern += `${names.shift()}${random.pick(["/", "-", ".", ""])}`;
            else if (kind === 1 && !pattern.includes("*")) pattern += "*";
            else pattern += random.pick(["x", "/", "xy", "-", "."]);
        }
        const path = `/${random.text(["x", "y", "/", "-", "."], 8)}`;
        const expected = naive(pattern).exec(path);
        const found = match(pattern, path);
        assert.deepEqual(found, expected && { ...expected.groups }, `${pattern} on ${path}`);
        if (found) matched++;
    }
    assert.ok(matched > 2_000, `${matched} of them matched`);
});

test("a pattern of more parts than the tool makes matches nothing", () => {
    const pattern = (names) => new Pattern(Array.from({ length: names }, (_, i) => `/:n${i}`).join(""));
    assert.ok(pattern(32).match("/x".repeat(32)));
    assert.equal(pattern(33).match("/x".repeat(33)), null);
});

test("no path makes a pattern take long", () => {
    // An expression takes the length to the power of the names.
    const pattern = new Pattern(`/${Array.from({ length: 20 }, (_, i) => `:n${i}x`).join("")}*end`);
    const start = performance.now();
    for (let i = 0; i < 20; i++) assert.equal(pattern.match(`/${"x".repeat(8_000)}`), null);
    assert.ok(performance.now() - start < 2_000, `${performance.now() - start} ms`);
});
