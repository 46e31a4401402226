/**
 * The content of files. Where the platform's cache stands before the entrypoint `Blob` (`BLOB_CACHE` is `on`), it is asked for
 * there. What that answers depends on the address alone, which has the tenant and the SHA-256 in it, so that whatever keeps
 * the answer can give it to nobody else: `/<tenant>/<sha256>[.br|.gz]`.
 */
import { blobKey, isBlob, isSlug } from "./layout.js";

/**
 * A tenant's blob, or the part of it from `first` to `last`: `{ body, isPart, size, bytes() }`, or `null` where there is none.
 * `size` is what the bucket says of the whole, not what a manifest says.
 */
export async function readBlob(env, context, tenant, name, range) {
    if (env.BLOB_CACHE !== "on" || !context.exports?.Blob) {
        const object = await stored(env, tenant, name, range);
        return object && { body: object.body, isPart: range !== null, size: object.size, bytes: () => object.arrayBuffer() };
    }
    // The tenant is in the address, too: the key of a cache must not hang on one of the two alone.
    const blobs = context.exports.Blob({ props: { tenant } });
    const asked = range ? { headers: { range: `bytes=${range.first}-${range.last}` } } : undefined;
    const response = await blobs.fetch(`${PLACE}${tenant}/${name}`, asked);
    // Whoever keeps the whole may answer a range with it.
    if (response.status === 200 || response.status === 206) {
        const size = Number(response.headers.get(SIZE) ?? Number.NaN);
        return { body: response.body, isPart: response.status === 206, size, bytes: () => response.arrayBuffer() };
    }
    await response.body?.cancel();
    return null;
}

/** Answers from the bucket. `tenant` is whose blobs the caller may read. */
export async function answerBlob(request, env, tenant) {
    const name = request.url.slice(request.url.lastIndexOf("/") + 1);
    if (!isSlug(tenant) || !isBlob(name) || request.url !== `${PLACE}${tenant}/${name}`) return gone(400);
    const match = /^bytes=([0-9]{1,15})-([0-9]{1,15})$/.exec(request.headers.get("range") ?? "");
    const range = match && { first: Number(match[1]), last: Number(match[2]) };
    const object = await stored(env, tenant, name, range);
    if (!object) return gone(404);
    // How long it is goes with the body.
    const headers = { "cache-control": KEPT, [SIZE]: `${object.size}` };
    if (range) headers["content-range"] = `bytes ${range.first}-${range.last}/${object.size}`;
    return new Response(object.body, { status: range ? 206 : 200, headers });
}

/** A host that is none: only entrypoints are asked. */
const PLACE = "https://blob/";
/** How long the whole is. */
const SIZE = "x-flarekeep-size";
const KEPT = "public, max-age=31536000, immutable, no-transform";

async function stored(env, tenant, name, range) {
    const options = range ? { range: { offset: range.first, length: range.last - range.first + 1 } } : undefined;
    const object = await env.BUCKET.get(blobKey(tenant, name), options);
    return object?.body ? object : null;
}

function gone(status) {
    return new Response(null, { status, headers: { "cache-control": "no-store" } });
}
