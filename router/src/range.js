/** Ranges of bytes (RFC 9110, section 14). */

/**
 * What a `Range` asks of a file of `size` bytes: `{ first, last }`; `"none"` where the whole is to be sent, as for
 * several ranges or what is no range of bytes; `"outside"` where it has no byte in common with the file.
 */
export function readRange(text, size) {
    const match = /^bytes=[ \t]*([0-9]*)-([0-9]*)[ \t]*$/i.exec(text ?? "");
    if (!match) return "none";
    const [, from, to] = match;
    if (from === "") {
        if (to === "") return "none";
        const length = Math.min(Number(to), size);
        return length === 0 ? "outside" : { first: size - length, last: size - 1 };
    }
    const first = Number(from);
    if (to !== "" && (first > Number(to) || longer(from, to))) return "none";
    if (first >= size) return "outside";
    return { first, last: to === "" ? size - 1 : Math.min(Number(to), size - 1) };
}

/** Of numbers beyond 2^53, which are all the same to `Number`. */
function longer(a, b) {
    const [one, other] = [a, b].map((digits) => digits.replace(/^0+/, ""));
    return one.length > other.length || (one.length === other.length && one > other);
}
