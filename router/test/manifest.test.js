import assert from "node:assert/strict";
import { test } from "node:test";

import { Manifest } from "../src/manifest.js";
import { buffer, encodeManifest, sha256 } from "./support/manifest.js";
import { RELEASE } from "./support/platform.js";
import { Random } from "./support/random.js";

test("each file is found, and nothing else", () => {
    for (const count of [0, 1, 2, 3, 1_000]) {
        const files = {};
        for (let i = 0; i < count; i++) {
            files[`/${i}/é ${i}.txt`] = { hash: sha256(`${i}`), size: i * 5_000_000_000, br: i % 2 === 0, gzip: i % 3 === 0, fingerprinted: i % 5 === 0 };
        }
        const manifest = new Manifest(buffer(encodeManifest(RELEASE, files)), RELEASE);
        for (const [path, file] of Object.entries(files)) {
            const found = manifest.file(path);
            assert.deepEqual(found, { path, type: "application/octet-stream", ...file });
            assert.equal(manifest.file(path), found, "asked again");
        }
        for (const path of ["", "/", "/0", "/-1/é -1.txt", "/0/E 0.txt"]) assert.equal(manifest.file(path), null);
    }
});

test("bytes that are none are refused, and none makes it fail otherwise", () => {
    const good = encodeManifest(RELEASE, { "/a": { hash: sha256("a"), size: 1 } });
    const random = new Random(5);
    let refused = 0;
    for (let i = 0; i < 5_000; i++) {
        let bytes = Buffer.from(good);
        if (random.chance(30)) bytes = bytes.subarray(0, random.below(bytes.length));
        for (let n = random.below(4); n > 0 && bytes.length > 0; n--) bytes[random.below(Math.min(bytes.length, 120))] = random.below(256);
        try {
            new Manifest(buffer(bytes), RELEASE).file("/a");
        } catch (error) {
            assert.match(error.constructor.name, /^(BadManifest|SyntaxError|TypeError)$/, error.stack);
            refused++;
        }
    }
    assert.ok(refused > 1_000);
    assert.throws(() => new Manifest(buffer(good), "01jd3m8q7rabcdeg"), /another release/);
    assert.throws(() => new Manifest(buffer(good).slice(1), RELEASE), /FKM1/);
    assert.throws(() => new Manifest(buffer(good.subarray(0, -64)), RELEASE), /length/);
});
