/** A platform in memory: a bucket, a namespace, and tenants' sites in them. */
import { handle } from "../../src/handle.js";
import { blobKey, hostKey, manifestKey, releaseKey, siteKey } from "../../src/layout.js";
import { Records } from "../../src/records.js";
import { buffer, encodeManifest, sha256, typeFor } from "./manifest.js";

export const DOMAIN = "example.com";
export const RELEASE = "01jd3m8q7rabcdef";

export class Platform {
    kv = new Map();
    bucket = new Map();
    reads = [];
    /** Sizes that objects are said to have, and the keys of those that were read as a whole. */
    sizes = new Map();
    inMemory = [];
    records = new Records();

    env = {
        PLATFORM_DOMAIN: DOMAIN,
        KV: {
            get: async (key, { type }) => {
                this.reads.push(`KV ${key}`);
                if (this.broken) throw new Error("KV is down");
                const value = this.kv.get(key);
                if (value === undefined) return null;
                return type === "json" ? JSON.parse(value) : buffer(Buffer.from(value));
            },
        },
        BUCKET: {
            get: async (key, { range } = {}) => {
                this.reads.push(`R2 ${key}`);
                const whole = this.bucket.get(key);
                if (!whole) return null;
                const bytes = range ? whole.subarray(range.offset, range.offset + range.length) : whole;
                const arrayBuffer = async () => {
                    this.inMemory.push(key);
                    return buffer(bytes);
                };
                return { size: this.sizes.get(key) ?? whole.length, body: new Response(bytes).body, arrayBuffer };
            },
        },
    };

    host(host, tenant) {
        this.kv.set(hostKey(host), JSON.stringify({ v: 1, tenant }));
        return this;
    }

    /** Puts a release there: `files` has texts by path, or `{ text, br, gzip, fingerprinted }`. */
    release(tenant, release, files, config) {
        const rows = {};
        for (const [path, given] of Object.entries(files)) {
            const { text, br, gzip, ...more } = typeof given === "string" ? { text: given } : given;
            const bytes = Buffer.from(text);
            const hash = sha256(bytes);
            this.bucket.set(blobKey(tenant, hash), bytes);
            if (br) this.bucket.set(blobKey(tenant, `${hash}.br`), Buffer.from(br));
            if (gzip) this.bucket.set(blobKey(tenant, `${hash}.gz`), Buffer.from(gzip));
            rows[path] = { hash, size: bytes.length, type: typeFor(path), br: !!br, gzip: !!gzip, ...more };
        }
        const bytes = encodeManifest(release, rows, config);
        this.kv.set(manifestKey(tenant, release), bytes);
        this.bucket.set(releaseKey(tenant, release), bytes);
        return this;
    }

    live(tenant, release = RELEASE, previous = [], state = "live") {
        this.kv.set(siteKey(tenant), JSON.stringify({ v: 1, release, previous, state }));
        return this;
    }

    /** A tenant `acme` with these files. */
    site(files, config) {
        return this.release("acme", RELEASE, files, config).live("acme");
    }

    async ask(path, { host = `acme.${DOMAIN}`, method = "GET", ...headers } = {}) {
        const name = host.replace(/:\d+$/, "");
        const request = new Request(`https://${name}${path}`, { method, headers: { host, ...headers } });
        const response = await handle(request, this.env, {}, this.records);
        return { status: response.status, headers: response.headers, text: await response.text() };
    }
}
