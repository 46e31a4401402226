/**
 * The platform's cache, as its documents have it (workers/cache: cache keys, limitations), before the entrypoint `Blob`: its key
 * has the path, the query and the props, and no host; HEAD and GET share an entry; a range is cut from what is held. With it and
 * without it every answer must be the same, and have no other tenant's mark. The real runtime has no such cache.
 */
import assert from "node:assert/strict";
import { test } from "node:test";

import { answerBlob } from "../src/blob.js";
import { handle } from "../src/handle.js";
import { Records } from "../src/records.js";
import { Platform, RELEASE } from "./support/platform.js";
import { Random } from "./support/random.js";

const OLDER = "01jd3m8q7qabcdef";
const TENANTS = ["acme", "acm", "acme-2", "zeta"];
const LARGE = 270_000;

/** `ctx.exports` with a cache before `Blob`. `withProps` says whether its key has the props. */
class Cached {
    held = new Map();
    hits = 0;

    constructor(env, withProps) {
        this.exports = {
            Blob: ({ props }) => ({
                fetch: async (address, asked) => {
                    const request = new Request(address, asked);
                    const { pathname, search } = new URL(request.url);
                    const key = `${pathname}${search}${withProps ? JSON.stringify(props) : ""}`;
                    const range = /^bytes=(\d+)-(\d+)$/.exec(request.headers.get("range") ?? "");
                    let held = this.held.get(key);
                    if (held) {
                        this.hits++;
                    } else {
                        const response = await answerBlob(request, env, props.tenant);
                        if (response.status !== 200 || !/public/.test(response.headers.get("cache-control"))) return response;
                        held = { headers: response.headers, bytes: new Uint8Array(await response.arrayBuffer()) };
                        this.held.set(key, held);
                    }
                    if (!range) return new Response(held.bytes, { headers: held.headers });
                    const [first, last] = [Number(range[1]), Number(range[2])];
                    const headers = { "content-range": `bytes ${first}-${last}/${held.bytes.length}` };
                    return new Response(held.bytes.subarray(first, last + 1), { status: 206, headers });
                },
            }),
        };
    }
}

function platform() {
    const made = new Platform();
    for (const tenant of TENANTS) {
        for (const release of [OLDER, RELEASE]) {
            const mark = `<<${tenant}|${release}>>`;
            made.release(tenant, release, {
                "/index.html": mark, "/large.txt": mark.padEnd(LARGE, "x"), "/common.txt": "the same everywhere",
                "/common-large.txt": "y".repeat(LARGE), "/both.js": { text: mark, br: `br ${mark}`, gzip: `gz ${mark}` },
                [`/a-${release}.0a1b2c3d.js`]: { text: mark, fingerprinted: true }, "/404.html": mark,
            });
        }
        made.live(tenant, RELEASE, [OLDER]).host(`www.${tenant}.org`, tenant);
    }
    return made;
}

for (const withProps of [true, false]) {
    test(`4,000 requests, a cache ${withProps ? "with" : "even without"} props in its key`, async () => {
        const { env } = platform();
        const random = new Random(withProps ? 11 : 12);
        const context = new Cached(env, withProps);
        let [records, seen] = [new Records(), 0];
        for (let i = 0; i < 4_000; i++) {
            // Isolates come and go; the cache stays.
            if (i % 50 === 0) records = new Records();
            const tenant = random.pick(TENANTS);
            const host = random.pick([`${tenant}.example.com`, `www.${tenant}.org`, `${OLDER}--${tenant}.example.com`]);
            const path = random.pick(["/", "/large.txt", "/common.txt", "/common-large.txt", "/both.js", `/a-${OLDER}.0a1b2c3d.js`, "/none", "/large.txt?x=1"]);
            const headers = { host };
            if (random.chance(40)) headers.range = `bytes=${random.below(50)}-${50 + random.below(300_000)}`;
            if (random.chance(40)) headers["accept-encoding"] = random.pick(["br", "gzip", "br, gzip"]);
            if (random.chance(10)) headers.authorization = "Bearer x";
            const method = random.pick(["GET", "GET", "HEAD"]);
            const ask = async (context, records) => {
                const response = await handle(new Request(`https://${host}${path}`, { method, headers }), { ...env, BLOB_CACHE: "on" }, context, records);
                return { status: response.status, headers: Object.fromEntries(response.headers), text: await response.text() };
            };
            const cached = await ask(context, records);
            assert.deepEqual(cached, await ask({}, new Records()), `${method} ${host}${path} ${JSON.stringify(headers)}`);
            for (const other of TENANTS) if (other !== tenant) assert.ok(!cached.text.includes(`<<${other}|`), `${host}${path}`);
            if (cached.text.includes(`<<${tenant}|`)) seen++;
        }
        assert.ok(context.hits > 500 && seen > 1_000, `${context.hits} hits, ${seen} own marks`);
    });
}
