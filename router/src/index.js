/**
 * The entrypoints. `default` takes visitors' requests and runs for each of them; `Blob` reads the content of a file, and is
 * the one that the platform's cache may stand before: what it answers depends on its address and its props alone.
 */
import { WorkerEntrypoint } from "cloudflare:workers";

import { answerBlob } from "./blob.js";
import { handle } from "./handle.js";

export default {
    fetch(request, env, context) {
        return handle(request, env, context);
    },
};

export class Blob extends WorkerEntrypoint {
    fetch(request) {
        return answerBlob(request, this.env, this.ctx.props?.tenant);
    }
}
