import assert from "node:assert/strict";
import { test } from "node:test";

import { evaluate, mayRange } from "../src/conditional.js";
import { readTags } from "../src/etag.js";
import { Random } from "./support/random.js";

test("the forms", () => {
    assert.equal(readTags(" * "), "*");
    assert.deepEqual(readTags('"a"'), [{ weak: false, opaque: '"a"' }]);
    assert.deepEqual(readTags('W/"a" , "b,c",, ""'), [
        { weak: true, opaque: '"a"' }, { weak: false, opaque: '"b,c"' }, { weak: false, opaque: '""' },
    ]);
    for (const bad of ["a", '"a', 'w/"a"', '"a" "b"', '"a"x', '"a b"', 'W/', "*, *"]) assert.equal(readTags(bad), null, bad);
});

/** A list is tags and commas; this one tries the tags one after the other with an expression. */
function naive(text) {
    const tags = [];
    let rest = text;
    for (;;) {
        rest = rest.replace(/^[, \t]+/, "");
        if (rest === "") return tags;
        const found = /^(W\/)?("[\x21\x23-\x7e\x80-\xff]*")[ \t]*(?=,|$)/.exec(rest);
        if (!found) return null;
        tags.push({ weak: found[1] !== undefined, opaque: found[2] });
        rest = rest.slice(found[0].length);
    }
}

test("50,000 lists are those of a naive reader", () => {
    const random = new Random(3);
    let lists = 0;
    for (let i = 0; i < 50_000; i++) {
        const text = random.text(['"', '"a"', 'W/"b"', '"c",', ",", " ", "W/", "a", "\t"], 7);
        if (text.trim() === "*") continue;
        assert.deepEqual(readTags(text), naive(text), JSON.stringify(text));
        if (readTags(text)?.length > 1) lists++;
    }
    assert.ok(lists > 500, `${lists}`);
});

test("conditions, in the order of RFC 9110", () => {
    const at = Date.parse("Mon, 23 Nov 2026 10:00:00 GMT") + 123;
    const outcome = (headers) => evaluate(new Headers(headers), '"x"', at);
    assert.equal(outcome({}), 200);
    assert.equal(outcome({ "if-none-match": '"x"' }), 304);
    assert.equal(outcome({ "if-none-match": 'W/"x"' }), 304);
    assert.equal(outcome({ "if-none-match": '"y", W/"x"' }), 304);
    assert.equal(outcome({ "if-none-match": "*" }), 304);
    assert.equal(outcome({ "if-none-match": '"y"' }), 200);
    assert.equal(outcome({ "if-none-match": "x" }), 200);
    const then = "Mon, 23 Nov 2026 10:00:00 GMT";
    assert.equal(outcome({ "if-modified-since": then }), 304);
    assert.equal(outcome({ "if-modified-since": then, "if-none-match": '"y"' }), 200);
    // A rollback makes a site older than what the visitor has.
    assert.equal(outcome({ "if-modified-since": "Mon, 23 Nov 2026 11:00:00 GMT" }), 200);
    assert.equal(outcome({ "if-modified-since": "soon" }), 200);
    assert.equal(outcome({ "if-match": '"x"' }), 200);
    assert.equal(outcome({ "if-match": 'W/"x"' }), 412);
    assert.equal(outcome({ "if-match": '"y"', "if-none-match": '"x"' }), 412);
    assert.equal(outcome({ "if-match": "*" }), 200);
    assert.equal(outcome({ "if-unmodified-since": then }), 200);
    assert.equal(outcome({ "if-unmodified-since": "Mon, 23 Nov 2026 09:00:00 GMT" }), 412);
    assert.ok(mayRange(new Headers(), '"x"') && mayRange(new Headers({ "if-range": '"x"' }), '"x"'));
    assert.ok(!mayRange(new Headers({ "if-range": 'W/"x"' }), '"x"') && !mayRange(new Headers({ "if-range": then }), '"x"'));
});
