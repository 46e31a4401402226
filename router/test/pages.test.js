import assert from "node:assert/strict";
import { test } from "node:test";

import { missing, page, target } from "../src/pages.js";
import { decoded, encoded, normal } from "../src/path.js";

/** A manifest of these paths. */
function site(html, paths, notFound = "none") {
    return { config: { html, notFound }, file: (path) => (paths.includes(path) ? { path } : null) };
}

/** `200 FILE`, `307 PATH` or `404`. */
function outcome(manifest, path) {
    const found = page(manifest, path);
    if (!found) return "404";
    return found.file ? `200 ${found.file.path}` : `307 ${found.redirect}`;
}

// The tables of Cloudflare's page workers/static-assets/routing/advanced/html-handling, and more.
const FILES = ["/index.html", "/file.html", "/folder/index.html", "/both.html", "/both/index.html", "/data.json", "/bin", "/bin.html", "/.html"];
const TABLE = {
    "auto-trailing-slash": {
        "/": "200 /index.html", "/index.html": "307 /", "/index": "307 /",
        "/file": "200 /file.html", "/file.html": "307 /file", "/file/": "307 /file", "/file/index": "307 /file", "/file/index.html": "307 /file",
        "/folder": "307 /folder/", "/folder.html": "307 /folder/", "/folder/": "200 /folder/index.html",
        "/folder/index": "307 /folder/", "/folder/index.html": "307 /folder/",
        "/both": "200 /both.html", "/both/": "200 /both/index.html", "/both.html": "307 /both", "/both/index.html": "307 /both/",
        "/data.json": "200 /data.json", "/data": "404", "/bin": "200 /bin", "/bin.html": "200 /bin.html", "/bin/": "404", "/.html": "200 /.html",
        "/none": "404",
    },
    "force-trailing-slash": {
        "/": "200 /index.html", "/index.html": "307 /", "/index": "307 /",
        "/file": "307 /file/", "/file.html": "307 /file/", "/file/": "200 /file.html", "/file/index": "307 /file/", "/file/index.html": "307 /file/",
        "/folder": "307 /folder/", "/folder.html": "307 /folder/", "/folder/": "200 /folder/index.html",
        "/folder/index": "307 /folder/", "/folder/index.html": "307 /folder/",
        "/both": "307 /both/", "/both/": "200 /both/index.html", "/both.html": "200 /both.html", "/both/index.html": "307 /both/",
        "/data.json": "200 /data.json", "/bin": "200 /bin", "/bin.html": "307 /bin/", "/bin/": "200 /bin.html", "/none": "404",
    },
    "drop-trailing-slash": {
        "/": "200 /index.html", "/index.html": "307 /", "/index": "307 /",
        "/file": "200 /file.html", "/file.html": "307 /file", "/file/": "307 /file", "/file/index": "307 /file", "/file/index.html": "307 /file",
        "/folder": "200 /folder/index.html", "/folder.html": "307 /folder", "/folder/": "307 /folder",
        "/folder/index": "307 /folder", "/folder/index.html": "307 /folder",
        "/both": "200 /both.html", "/both/": "307 /both", "/both.html": "307 /both", "/both/index.html": "200 /both/index.html",
        "/data.json": "200 /data.json", "/bin": "200 /bin", "/bin.html": "200 /bin.html", "/none": "404",
    },
    none: {
        "/": "404", "/index.html": "200 /index.html", "/file": "404", "/file.html": "200 /file.html", "/folder/": "404",
        "/folder/index.html": "200 /folder/index.html", "/bin": "200 /bin",
    },
};

for (const [mode, table] of Object.entries(TABLE)) {
    test(`pages: ${mode}`, () => {
        for (const [path, expected] of Object.entries(table)) assert.equal(outcome(site(mode, FILES), path), expected, path);
    });
}

test("no redirect leads to another, or to nothing", () => {
    const names = ["/index.html", "/a.html", "/a/index.html", "/a", "/a/b.html", "/a/b/index.html", "/index", "/a/index"];
    for (const mode of Object.keys(TABLE)) {
        for (let set = 0; set < 1 << names.length; set++) {
            const manifest = site(mode, names.filter((_, at) => set & (1 << at)));
            for (const path of [...names, "/", "/a/", "/a.html/", "/a/b", "/a/b/", "/a/index.html/", "/index.html.html"]) {
                const found = page(manifest, path);
                if (!found?.redirect) continue;
                assert.match(outcome(manifest, found.redirect), /^200/, `${mode} ${path} of ${set}`);
                assert.deepEqual(target(manifest, path), page(manifest, found.redirect).file);
            }
        }
    }
});

test("what stands in for what is missing", () => {
    const files = ["/404.html", "/a/404.html", "/index.html"];
    const at = (handling, path) => missing(site("none", files, handling), path);
    assert.deepEqual(at("404-page", "/a/b/c"), { file: { path: "/a/404.html" }, status: 404 });
    assert.deepEqual(at("404-page", "/b/"), { file: { path: "/404.html" }, status: 404 });
    assert.deepEqual(at("404-page", `/a${"/".repeat(8_000)}`), { file: { path: "/a/404.html" }, status: 404 }, "by one look at each depth");
    assert.deepEqual(at("single-page-application", "/b"), { file: { path: "/index.html" }, status: 200 });
    assert.equal(at("none", "/b"), null);
});

test("paths", () => {
    assert.deepEqual(decoded("/a/b.css"), { path: "/a/b.css", plain: true });
    assert.deepEqual(decoded("/%C3%A9%20x"), { path: "/é x", plain: true });
    assert.deepEqual(decoded("//a///b"), { path: "/a/b", plain: false });
    assert.deepEqual(decoded("/a%2Fb"), { path: "/a/b", plain: false });
    assert.deepEqual(decoded("/%252e%252e"), { path: "/%2e%2e", plain: true });
    assert.deepEqual(decoded("/%ff/%41"), { path: "/%ff/A", plain: true });
    assert.equal(encoded("/é x/@a:b/[c]?#%"), "/%C3%A9%20x/@a:b/%5Bc%5D%3F%23%25");
    assert.equal(encoded("//evil.org/"), "/evil.org/");
    assert.equal(normal("/%c3%A9"), "/%C3%A9");
});
