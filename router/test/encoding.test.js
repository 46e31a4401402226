import assert from "node:assert/strict";
import { test } from "node:test";

import { accepted } from "../src/encoding.js";

test("the forms that are taken, the best first", () => {
    for (const [text, expected] of [
        ["", []], ["gzip", ["gzip"]], ["br, gzip", ["br", "gzip"]], ["gzip, br", ["br", "gzip"]], ["gzip;q=1, br;q=0.5", ["gzip", "br"]],
        ["br;q=0, gzip", ["gzip"]], ["*", ["br", "gzip"]], ["*;q=0", []], ["identity", []], ["identity, gzip", ["gzip"]],
        ["identity;q=1, gzip;q=0.5", []], ["GZIP ; Q=0.5", ["gzip"]], ["x-gzip", ["gzip"]], ["br;q=2", []], ["zstd, deflate", []], [",,", []],
    ]) assert.deepEqual(accepted({ headers: new Headers({ "accept-encoding": text }) }), expected, text);
    const request = { headers: new Headers({ "accept-encoding": "gzip, br" }), cf: { clientAcceptEncoding: "gzip" } };
    assert.deepEqual(accepted(request), ["gzip"], "what the visitor said counts");
});
