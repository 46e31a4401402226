/** The router's own errors. They tell nothing of any tenant, and no browser or cache keeps them. */

/** What the router cannot serve: a status, and the word of `x-flarekeep-error`. */
export class Failure extends Error {
    constructor(status, word) {
        super(word);
        Object.assign(this, { status, word });
    }

    /** As an answer. */
    response(method) {
        const headers = {
            "cache-control": "no-store",
            "content-type": "text/plain; charset=utf-8",
            "x-content-type-options": "nosniff",
            "x-flarekeep-error": this.word,
        };
        if (this.status === 503) headers["retry-after"] = "60";
        return new Response(method === "HEAD" ? null : (WORDS[this.word] ?? WORDS.internal), { status: this.status, headers });
    }
}

const WORDS = {
    "unknown-host": "There is no site at this address.\n",
    "unknown-release": "There is no such release.\n",
    suspended: "This site is suspended.\n",
    "long-path": "The path of this address is too long.\n",
    "missing-manifest": "This site cannot be read at the moment.\n",
    "bad-manifest": "This site cannot be read at the moment.\n",
    "bad-record": "This site cannot be read at the moment.\n",
    "missing-blob": "This file cannot be read at the moment.\n",
    internal: "Something went wrong. Try again in a moment.\n",
};
