import assert from "node:assert/strict";
import { existsSync, readFileSync, readdirSync } from "node:fs";
import { test } from "node:test";

import { Manifest } from "../src/manifest.js";
import { buffer } from "./support/manifest.js";

// What crates/sites writes, and what it means by it.
const folder = new URL("vectors/", import.meta.url);
const names = existsSync(folder) ? readdirSync(folder).filter((name) => name.endsWith(".json")) : [];

test("manifests that the engine wrote", { skip: names.length === 0 && "there are none yet" }, () => {
    for (const name of names) {
        const { config, entries } = JSON.parse(readFileSync(new URL(name, folder), "utf8"));
        const bytes = readFileSync(new URL(name.replace(/json$/, "bin"), folder));
        const manifest = new Manifest(buffer(bytes), config.release);
        assert.deepEqual(manifest.config, config, name);
        for (const [path, { sha256, ...entry }] of Object.entries(entries)) {
            assert.deepEqual(manifest.file(path), { path, hash: sha256, ...entry }, `${name}: ${path}`);
            assert.equal(manifest.file(`${path}/`), null);
        }
    }
});
