/**
 * Patterns of `_redirects` and `_headers`: one `*` matches anything and is called `splat`, `:name` matches one or more
 * characters of one segment. They mean what a regular expression of the same form means, which takes as much as it can
 * from left to right, but no path makes one take longer than its length times the pattern's parts.
 */

/** A pattern, ready to be matched. */
export class Pattern {
    #parts;

    constructor(text) {
        this.text = text;
        this.absolute = text.startsWith("https://");
        this.#parts = parts(text, this.absolute);
    }

    /** What its names stand for in a text that it matches, else `null`. */
    match(text) {
        if (this.#parts.length > MOST_PARTS) return null;
        const [first, second] = this.#parts;
        if (typeof first === "string" && !text.startsWith(first)) return null;
        if (this.#parts.length === 1 && typeof first === "string") return text === first ? {} : null;
        // The usual form: a folder and all in it.
        if (this.#parts.length === 2 && second?.splat) return { splat: text.slice(first.length) };
        return this.#walk(text, this.#reachable(text));
    }

    /** For each part and place, whether the parts from there on match the rest of the text: from the end on. */
    #reachable(text) {
        const length = text.length;
        const rows = new Array(this.#parts.length + 1);
        rows[this.#parts.length] = new Uint8Array(length + 1);
        rows[this.#parts.length][length] = 1;
        for (let i = this.#parts.length - 1; i >= 0; i--) {
            const [part, next, row] = [this.#parts[i], rows[i + 1], new Uint8Array(length + 1)];
            rows[i] = row;
            if (typeof part === "string") {
                for (let at = text.indexOf(part); at >= 0; at = text.indexOf(part, at + 1)) row[at] = next[at + part.length];
            } else if (part.splat) {
                row[length] = next[length];
                for (let at = length - 1; at >= 0; at--) row[at] = next[at] | row[at + 1];
            } else {
                for (let at = length - 1; at >= 0; at--) {
                    if (!part.stop.includes(text[at])) row[at] = next[at + 1] | row[at + 1];
                }
            }
        }
        return rows;
    }

    #walk(text, rows) {
        if (!rows[0][0]) return null;
        const values = {};
        let at = 0;
        for (const [i, part] of this.#parts.entries()) {
            if (typeof part === "string") {
                at += part.length;
                continue;
            }
            let end = text.length;
            if (!part.splat) {
                end = at;
                while (end < text.length && !part.stop.includes(text[end])) end++;
            }
            while (!rows[i + 1][end]) end--;
            values[part.name] = text.slice(at, end);
            at = end;
        }
        return values;
    }
}

/** A text with `:name` and `:splat` filled in. Names that have no value stay. */
export function filled(text, values) {
    return text.replace(NAMES, (whole, name) => (Object.hasOwn(values, name) ? values[name] : whole));
}

/** The tool makes none of more; a tenant's own keys could. */
const MOST_PARTS = 64;
const NAMES = /:([A-Za-z][A-Za-z0-9_]*)/g;

function parts(text, absolute) {
    // Within a host, a name is a label.
    const host = absolute ? hostEnd(text) : 0;
    const found = [];
    let at = 0;
    for (const wild of text.matchAll(/\*|:[A-Za-z][A-Za-z0-9_]*/g)) {
        if (wild.index > at) found.push(text.slice(at, wild.index));
        if (wild[0] === "*") found.push({ name: "splat", splat: true });
        else found.push({ name: wild[0].slice(1), stop: wild.index < host ? "/." : "/" });
        at = wild.index + wild[0].length;
    }
    if (at < text.length || found.length === 0) found.push(text.slice(at));
    return found;
}

function hostEnd(text) {
    const slash = text.indexOf("/", "https://".length);
    return slash < 0 ? text.length : slash;
}
