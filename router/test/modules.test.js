import assert from "node:assert/strict";
import { readFileSync, readdirSync } from "node:fs";
import { test } from "node:test";

const folder = new URL("../src/", import.meta.url);

test("every module is reached from the main one, by names that an upload keeps", () => {
    const reached = new Set(["index.js"]);
    for (const name of reached) {
        const text = readFileSync(new URL(name, folder), "utf8");
        for (const [, from] of text.matchAll(/ from "([^"]+)"/g)) {
            if (/^(node|cloudflare):/.test(from)) continue;
            assert.match(from, /^\.\/[a-z]+\.js$/, `${name} imports ${from}`);
            reached.add(from.slice(2));
        }
    }
    assert.deepEqual([...reached].sort(), readdirSync(folder).sort());
});
