import assert from "node:assert/strict";
import { test } from "node:test";

import { Hot, Memo, Weighed } from "../src/memo.js";

test("a value is asked for again when its time is over, and serves longer where the source fails", async () => {
    const memo = new Memo(5, 10, 2);
    let source = 1;
    const at = (now) => memo.value("k", now, async () => source ?? Promise.reject(new Error("down")));
    assert.equal(await at(0), 1);
    source = 2;
    assert.equal(await at(4), 1);
    assert.equal(await at(5), 2);
    source = null;
    assert.equal(await at(19), 2);
    await assert.rejects(at(20), /down/);
});

test("of two that load at once, the one that began first does not undo what the other found", async () => {
    const memo = new Memo(5, 10, 2);
    const slow = Promise.withResolvers();
    const first = memo.value("k", 0, () => slow.promise);
    assert.equal(await memo.value("k", 1, async () => "new"), "new");
    slow.resolve("old");
    assert.equal(await first, "new");
    assert.equal(await memo.value("k", 2, async () => assert.fail("it is fresh")), "new");
});

test("both are bounded", async () => {
    const memo = new Memo(5, 0, 3);
    for (let i = 0; i < 10; i++) await memo.value(`${i}`, 0, async () => i);
    assert.equal(memo.size, 3);
    assert.ok(memo.has("9", 4) && !memo.has("9", 5) && !memo.has("0", 0));
    const weighed = new Weighed(10);
    weighed.set("a", "A", 4);
    weighed.set("b", "B", 4);
    assert.equal(weighed.get("a"), "A");
    weighed.set("c", "C", 4);
    assert.deepEqual(["a", "b", "c"].map((key) => weighed.get(key)), ["A", undefined, "C"]);
    weighed.set("d", "D", 11);
    assert.equal(weighed.get("d"), undefined);
    weighed.set("a", "A2", 10);
    assert.equal(weighed.total, 10);
    assert.deepEqual(["a", "c"].map((key) => weighed.get(key)), ["A2", undefined]);
});

test("what is asked for again is worth keeping, what is read once is not", () => {
    const hot = new Hot(10);
    assert.ok(!hot.isAskedAgain("a", 4) && hot.isAskedAgain("a", 4));
    // In turns through more than there is room for: each would be gone when it is asked for again.
    for (let round = 0; round < 3; round++) for (const key of ["b", "c", "d"]) assert.ok(!hot.isAskedAgain(key, 4));
    assert.ok(!hot.isAskedAgain("large", 11) && !hot.isAskedAgain("large", 11));
});
