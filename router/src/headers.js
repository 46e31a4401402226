/** The headers of a site's answers: ours, and over them the rules of `_headers`, compiled when the site was deployed. */
import { normal } from "./path.js";
import { Pattern, filled } from "./pattern.js";

/** What every answer of a site has unless its rules say otherwise. */
export const DEFAULTS = {
    "referrer-policy": "strict-origin-when-cross-origin",
    "x-content-type-options": "nosniff",
};

/** Whether the site has rules for headers at all. */
export function hasRules(manifest) {
    return manifest.config.headers?.length > 0;
}

/** Does what the rules that match this address say to `headers`. */
export function apply(manifest, url, headers) {
    const rules = compiled(manifest);
    // A header that two rules set has both values; what was there before them goes.
    const set = new Set();
    const pathname = normal(url.pathname);
    const whole = `https://${url.hostname}${pathname}`;
    for (const rule of rules) {
        const values = rule.pattern.match(rule.pattern.absolute ? whole : pathname);
        if (!values) continue;
        for (const name of rule.unset) headers.delete(name);
        for (const [name, value] of rule.set) put(headers, name, filled(value, values), set);
    }
}

/** What an answer says of its own bytes and of the connection is no rule's to say. */
const OURS = new Set([
    "accept-ranges", "age", "connection", "content-encoding", "content-length", "content-range", "date", "etag", "keep-alive",
    "last-modified", "location", "trailer", "transfer-encoding", "upgrade", "x-flarekeep-error", "x-flarekeep-release",
]);

function put(headers, name, value, set) {
    try {
        if (set.has(name)) headers.append(name, value);
        else headers.set(name, value);
        set.add(name);
    } catch {
        // No header: what a visitor's path put in it cannot be sent.
    }
}

function compiled(manifest) {
    const made = manifest.compiled.get("headers");
    if (made) return made;
    const may = (name) => !OURS.has(name);
    const rules = (manifest.config.headers ?? []).map(([path, set, unset]) => ({
        // As an address has it.
        pattern: new Pattern(path.toWellFormed().replace(/[^\x21-\x7e]+/g, encodeURIComponent)),
        set: (set ?? []).map(([name, value]) => [name.toLowerCase(), value]).filter(([name]) => may(name)),
        unset: (unset ?? []).map((name) => name.toLowerCase()).filter(may),
    }));
    manifest.compiled.set("headers", rules);
    return rules;
}
