import assert from "node:assert/strict";
import { test } from "node:test";

import { readRange } from "../src/range.js";
import { Random } from "./support/random.js";

test("the forms", () => {
    for (const [text, expected] of [
        ["bytes=0-4", { first: 0, last: 4 }], ["bytes=2-", { first: 2, last: 9 }], ["bytes=-3", { first: 7, last: 9 }],
        ["bytes=0-99", { first: 0, last: 9 }], ["bytes=-99", { first: 0, last: 9 }], ["BYTES= 1-1 ", { first: 1, last: 1 }],
        ["bytes=10-", "outside"], ["bytes=10-11", "outside"], ["bytes=-0", "outside"],
        ["bytes=5-4", "none"], ["bytes=-", "none"], ["bytes=0-1,3-4", "none"], ["lines=0-1", "none"], ["", "none"],
        ["bytes=a-b", "none"], ["bytes=1", "none"], ["bytes=0-18446744073709551616", { first: 0, last: 9 }],
        ["bytes=18446744073709551617-18446744073709551616", "none"], [null, "none"],
    ]) assert.deepEqual(readRange(text, 10), expected, `${text}`);
    assert.equal(readRange("bytes=0-", 0), "outside");
    assert.equal(readRange("bytes=-1", 0), "outside");
});

/** By trying each byte of the file. */
function naive(text, size) {
    const [unit, set] = text.split("=");
    const [from, to] = (set ?? "").split("-");
    if (unit !== "bytes" || set.split("-").length !== 2 || (from === "" && to === "")) return "none";
    if (![from, to].every((part) => [...part].every((digit) => "0123456789".includes(digit)))) return "none";
    if (from !== "" && to !== "" && Number(from) > Number(to)) return "none";
    const wanted = (at) => (from === "" ? at >= size - Number(to) : at >= Number(from) && (to === "" || at <= Number(to)));
    const bytes = Array.from({ length: size }, (_, at) => at).filter(wanted);
    return bytes.length === 0 ? "outside" : { first: bytes[0], last: bytes.at(-1) };
}

test("50,000 ranges are those of a naive reader", () => {
    const random = new Random(2);
    for (let i = 0; i < 50_000; i++) {
        const size = random.below(12);
        const text = `${random.chance(95) ? "bytes" : "items"}=${random.text(["0", "1", "2", "7", "-", "-", "9", ",", "x"], 5)}`;
        assert.deepEqual(readRange(text, size), naive(text, size), `${text} of ${size}`);
    }
});
