/** Lists of entity tags (RFC 9110, section 8.8.3). */

/**
 * Reads the list of `If-Match` or `If-None-Match`: `"*"`, an array of `{ weak, opaque }` with quotes, or `null` for what
 * is no list. A comma may stand within a tag.
 */
export function readTags(text) {
    if (text.trim() === "*") return "*";
    const tags = [];
    let at = 0;
    while (at < text.length) {
        if (", \t".includes(text[at])) {
            at++;
            continue;
        }
        const weak = text.startsWith("W/", at);
        const start = weak ? at + 2 : at;
        const end = text[start] === '"' ? text.indexOf('"', start + 1) : -1;
        if (end < 0 || !OPAQUE.test(text.slice(start + 1, end))) return null;
        tags.push({ weak, opaque: text.slice(start, end + 1) });
        at = end + 1;
        while (" \t".includes(text[at] ?? ",")) at++;
        if (at < text.length && text[at] !== ",") return null;
    }
    return tags;
}

const OPAQUE = /^[\x21\x23-\x7e\x80-\xff]*$/;
