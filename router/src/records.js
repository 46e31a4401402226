/** What the platform's stores say: whose a host is, which release is live, what a release holds. */
import { Failure } from "./failure.js";
import { hostKey, isRelease, isSlug, manifestKey, releaseKey, siteKey } from "./layout.js";
import { Manifest } from "./manifest.js";
import { Hot, Memo, Weighed } from "./memo.js";

/**
 * The stores with what this isolate remembers of them. A visitor sees a new release as soon as both the memo (5 seconds)
 * and KV's own cache (`cacheTtl`) let go of the old one.
 */
export class Records {
    #hosts = new Memo(FRESH, GRACE, 2_000);
    #sites = new Memo(FRESH, GRACE, 2_000);
    #missing = new Memo(FRESH, 0, 500);
    #manifests = new Weighed(MANIFESTS);

    /** Small contents, by tenant and name of the blob. */
    blobs = new Hot(BLOBS);

    /** The tenant of a host of its own, or `null`. */
    tenant(env, host, now) {
        return this.#hosts.value(host, now, async () => {
            const record = await env.KV.get(hostKey(host), { type: "json", cacheTtl: 300 });
            if (record === null) return null;
            if (record.v !== 1 || !isSlug(record.tenant)) throw new Failure(502, "bad-record");
            return record.tenant;
        });
    }

    /** `{ release, previous, live }` of a tenant, or `null` where it has no site. */
    site(env, tenant, now) {
        return this.#sites.value(tenant, now, async () => {
            const record = await env.KV.get(siteKey(tenant), { type: "json", cacheTtl: 30 });
            if (record === null) return null;
            if (record.v !== 1 || !isRelease(record.release)) throw new Failure(502, "bad-record");
            const previous = Array.isArray(record.previous) ? record.previous.filter(isRelease).slice(0, 3) : [];
            return { release: record.release, previous, live: record.state === "live" };
        });
    }

    /** The manifest of a tenant's release, or `null`. It never changes, so that what was once read stays good. */
    async manifest(env, tenant, release, now) {
        const key = manifestKey(tenant, release);
        const held = this.#manifests.get(key);
        if (held) return held;
        if (this.#missing.has(key, now)) return null;
        const loaded = await load(env, tenant, release);
        if (loaded) this.#manifests.set(key, loaded, loaded.weight);
        else this.#missing.put(key, true, now);
        return loaded;
    }
}

/** How long a record is taken for true, and how much longer where KV fails, in milliseconds. */
const FRESH = 5_000;
const GRACE = 600_000;
/** Bytes of manifests and of small files in an isolate, which has 128 MiB. */
const MANIFESTS = 32 << 20;
const BLOBS = 24 << 20;
const YEAR = 31_536_000;
/** What KV holds at most in a value. A tenant's own keys could put a larger one into the bucket, for all isolates to choke on. */
const LARGEST = 25 << 20;

async function load(env, tenant, release) {
    let bytes = null;
    try {
        bytes = await env.KV.get(manifestKey(tenant, release), { type: "arrayBuffer", cacheTtl: YEAR });
    } catch (error) {
        console.error(`KV: ${error}`);
    }
    // KV is a copy, which may lag behind; the bucket has the original.
    bytes ??= await original(env, tenant, release);
    if (!bytes) return null;
    try {
        return new Manifest(bytes, release);
    } catch (error) {
        console.error(`the manifest of ${tenant} ${release}: ${error.message}`);
        throw new Failure(502, "bad-manifest");
    }
}

async function original(env, tenant, release) {
    const object = await env.BUCKET.get(releaseKey(tenant, release));
    if (!object?.body) return null;
    if (object.size <= LARGEST) return object.arrayBuffer();
    await object.body.cancel();
    console.error(`the manifest of ${tenant} ${release} has ${object.size} bytes`);
    throw new Failure(502, "bad-manifest");
}
