/** Paths of addresses and of files. */

/**
 * The path of a file that the path of an address means: each segment decoded, several slashes in a row taken for one.
 * `plain` says whether the address names it without such detours; how letters are encoded is no detour.
 */
export function decoded(pathname) {
    if (PLAIN.test(pathname)) return { path: pathname, plain: true };
    const path = pathname.includes("%") ? pathname.split("/").map(decodedSegment).join("/") : pathname;
    const whole = path.replace(/\/{2,}/g, "/");
    return { path: whole, plain: whole === path && !/%2f/i.test(pathname) };
}

/** The path of the address of a file. It never begins with two slashes, which would be another host's. */
export function encoded(path) {
    return path.split("/").map(encodedSegment).join("/").replace(/^\/{2,}/, "/");
}

/** With upper-case digits in its escapes, as rules have them. */
export function normal(pathname) {
    return pathname.includes("%") ? pathname.replace(/%[0-9a-f]{2}/gi, (escape) => escape.toUpperCase()) : pathname;
}

const PLAIN = /^(?:\/[^/%]+)*\/?$/;

function decodedSegment(segment) {
    try {
        return decodeURIComponent(segment);
    } catch {
        // No UTF-8: as it stands.
        return segment;
    }
}

/** What RFC 3986 allows in a segment stays as people write it. */
function encodedSegment(segment) {
    return encodeURIComponent(segment).replace(/%(?:40|3A|24|26|2B|2C|3B|3D)/g, decodeURIComponent);
}
