/** Conditional requests (RFC 9110, section 13). */
import { readTags } from "./etag.js";

/**
 * What the conditions of a request come to for a file with this tag that was modified then (milliseconds): 200 to go on,
 * 304 or 412. A time of modification is compared as it was sent, for a rollback takes a site back in time.
 */
export function evaluate(headers, etag, modified) {
    const opaque = etag.replace(/^W\//, "");
    const match = headers.get("if-match");
    const since = headers.get("if-unmodified-since");
    if (match !== null) {
        const tags = readTags(match);
        if (tags && tags !== "*" && !tags.some((tag) => !tag.weak && tag.opaque === opaque)) return 412;
    } else if (since !== null && Date.parse(since) < seconds(modified)) {
        return 412;
    }
    const none = headers.get("if-none-match");
    if (none !== null) {
        const tags = readTags(none);
        return tags === "*" || tags?.some((tag) => tag.opaque === opaque) ? 304 : 200;
    }
    const changed = headers.get("if-modified-since");
    return changed !== null && Date.parse(changed) === seconds(modified) ? 304 : 200;
}

/** Whether a range may be sent: `If-Range` names this tag, or is not there. A date never serves; two releases may share one. */
export function mayRange(headers, etag) {
    const condition = headers.get("if-range");
    return condition === null || condition.trim() === etag;
}

function seconds(time) {
    return Math.floor(time / 1000) * 1000;
}
