/** Where everything lies; crates/sites/src/layout.rs has the same names, docs/platform-format.md the document. */

/** A tenant's slug: one label, at most 40 characters, no two hyphens in a row. */
export function isSlug(text) {
    return typeof text === "string" && SLUG.test(text) && !text.includes("--");
}

/** A release's id: 10 characters of time and 6 of chance, in Crockford's base 32, lower case. */
export function isRelease(text) {
    return typeof text === "string" && RELEASE.test(text);
}

/** The name of a blob: the SHA-256 of a file's content, and the ending of a compressed variant. */
export function isBlob(text) {
    return BLOB.test(text);
}

/** When a release was made, in milliseconds since 1970. */
export function releaseTime(release) {
    let time = 0;
    for (const digit of release.slice(0, 10)) time = time * 32 + DIGITS.indexOf(digit);
    return time;
}

// Keys of the KV namespace.
export const hostKey = (host) => `host:${host}`;
export const siteKey = (tenant) => `site:${tenant}`;
export const manifestKey = (tenant, release) => `m:${tenant}:${release}`;

// Keys of the bucket. The slash behind the tenant closes the prefix.
export const blobKey = (tenant, name) => `sites/${tenant}/blobs/${name}`;
export const releaseKey = (tenant, release) => `sites/${tenant}/releases/${release}.bin`;

const DIGITS = "0123456789abcdefghjkmnpqrstvwxyz";
const SLUG = /^[a-z0-9](?:[a-z0-9-]{0,38}[a-z0-9])?$/;
const RELEASE = /^[0-9a-hjkmnp-tv-z]{16}$/;
const BLOB = /^[0-9a-f]{64}(?:\.br|\.gz)?$/;
