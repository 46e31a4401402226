/** One release's answer to one request. */
import { readBlob } from "./blob.js";
import { evaluate, mayRange } from "./conditional.js";
import { ENDINGS, accepted } from "./encoding.js";
import { Failure } from "./failure.js";
import { DEFAULTS, apply, hasRules } from "./headers.js";
import { releaseTime } from "./layout.js";
import { missing, page, target } from "./pages.js";
import { decoded, encoded } from "./path.js";
import { readRange } from "./range.js";
import { redirected } from "./redirects.js";

/**
 * Answers for a site: `{ env, context, tenant, manifest, preview, blobs, older }`, where `blobs` keeps small contents and
 * `older(path)` finds `{ manifest, file }` in the releases before this one.
 */
export async function serve(request, url, site) {
    const { manifest } = site;
    const rule = redirected(manifest, url);
    if (rule?.location !== undefined) return redirect(site, rule.status, rule.location);
    const { path, plain } = decoded(rule ? rule.path : url.pathname);
    const found = rule ? ruled(manifest, path, rule.status) : page(manifest, path);
    if (found?.redirect !== undefined) return redirect(site, 307, encoded(found.redirect) + url.search);
    if (found) {
        // Many spellings of one address would be as many pages to caches and to search engines.
        if (!rule && !plain) return redirect(site, 307, encoded(path) + url.search);
        return content(request, url, site, manifest, found);
    }
    const older = isRead(request) ? await site.older(path) : null;
    if (older) return content(request, url, site, older.manifest, older);
    const instead = missing(manifest, path);
    if (instead && (isRead(request) || instead.status === 404)) return content(request, url, site, manifest, instead);
    const headers = { "content-type": "text/plain; charset=utf-8", "cache-control": "public, max-age=0, must-revalidate" };
    return answer(request, url, site, manifest, 404, headers, "Not found\n");
}

function isRead(request) {
    return request.method === "GET" || request.method === "HEAD";
}

function ruled(manifest, path, status) {
    const file = target(manifest, path);
    return file && { file, status };
}

function redirect(site, status, location) {
    return new Response(null, { status, headers: { ...own(site, site.manifest), ...DEFAULTS, location } });
}

async function content(request, url, site, manifest, { file, status = 200 }) {
    if (!isRead(request) && status === 200) {
        const headers = { allow: "GET, HEAD", "content-type": "text/plain; charset=utf-8" };
        return answer(request, url, site, manifest, 405, headers, "Only GET and HEAD are answered\n");
    }
    const modified = releaseTime(manifest.release);
    const identity = `"${file.hash}"`;
    const asked = request.headers.get("range");
    let range = "none";
    if (asked !== null && status === 200 && request.method === "GET" && mayRange(request.headers, identity)) {
        range = readRange(asked, file.size);
    }
    const form = range === "none" && (file.br || file.gzip) ? accepted(request).find((name) => file[name]) : undefined;
    const etag = form ? `"${file.hash}-${form === "gzip" ? "gz" : form}"` : identity;
    const headers = {
        "cache-control": file.fingerprinted ? "public, max-age=31536000, immutable" : "public, max-age=0, must-revalidate",
        "content-type": file.type,
        etag,
    };
    if (file.br || file.gzip) headers.vary = "Accept-Encoding";
    if (status === 200) {
        headers["accept-ranges"] = "bytes";
        headers["last-modified"] = new Date(modified).toUTCString();
        const condition = evaluate(request.headers, etag, modified);
        if (condition === 304) delete headers["content-type"];
        if (condition !== 200) return answer(request, url, site, manifest, condition, headers, null);
    }
    if (range === "outside") {
        headers["content-range"] = `bytes */${file.size}`;
        return answer(request, url, site, manifest, 416, headers, null);
    }
    if (request.method === "HEAD") {
        if (form) headers["content-encoding"] = form;
        else headers["content-length"] = `${file.size}`;
        return answer(request, url, site, manifest, status, headers, null);
    }
    const part = range === "none" ? null : range;
    const blob = await read(site, file, form, part);
    if (blob.form) headers["content-encoding"] = blob.form;
    else headers.etag = identity;
    if (part && blob.isPart) {
        headers["content-range"] = `bytes ${part.first}-${part.last}/${file.size}`;
        status = 206;
    }
    // How long it is goes with the body.
    return answer(request, url, site, manifest, status, headers, blob.body);
}

/** The content of a file in a form, or as it is where the form is not there: `{ body, form, isPart }`. */
async function read(site, file, form, range) {
    for (const name of form ? [form, undefined] : [undefined]) {
        const blob = file.hash + (name ? ENDINGS[name] : "");
        const key = `${site.tenant}/${blob}`;
        const held = site.blobs.get(key);
        if (held) return { body: range ? held.subarray(range.first, range.last + 1) : held, form: name, isPart: range !== null };
        const isKept = !range && file.size <= SMALL && site.blobs.isAskedAgain(key, file.size + OVERHEAD);
        const found = await readBlob(site.env, site.context, site.tenant, blob, range);
        // What it really has in the bucket counts: a tenant's own keys can write a manifest that says less.
        const isSmall = isKept && found?.size <= SMALL;
        if (found && !isSmall) return { body: found.body, form: name, isPart: found.isPart };
        if (!found) continue;
        const bytes = new Uint8Array(await found.bytes());
        if (!name && bytes.length !== file.size) continue;
        site.blobs.set(key, bytes, bytes.length + OVERHEAD);
        return { body: bytes, form: name, isPart: false };
    }
    throw new Failure(502, "missing-blob");
}

/** Bytes of a file that an isolate may keep. */
const SMALL = 256 << 10;
/** What keeping one costs beside its bytes, about. */
const OVERHEAD = 256;

function answer(request, url, site, manifest, status, given, body) {
    let headers = { ...DEFAULTS, ...given, ...own(site, manifest) };
    if (hasRules(manifest)) {
        headers = new Headers(headers);
        apply(manifest, url, headers);
        if (given.vary && !/\baccept-encoding\b/i.test(headers.get("vary") ?? "")) headers.append("vary", given.vary);
        for (const [name, value] of Object.entries(own(site, manifest))) headers.set(name, value);
    }
    const encodeBody = given["content-encoding"] ? "manual" : "automatic";
    return new Response(request.method === "HEAD" ? null : body, { status, headers, encodeBody });
}

/** What no rule takes away. */
function own(site, manifest) {
    return { "x-flarekeep-release": manifest.release, ...(site.preview ? { "x-robots-tag": "noindex" } : {}) };
}
