/** The rules of `_redirects`, compiled when the site was deployed. */
import { normal } from "./path.js";
import { Pattern, filled } from "./pattern.js";

/**
 * What the rules say of an address: `{ status, location }` for a redirect, `{ status, path }` where another path of the
 * site is to be served (200, 404), or `null`. The one for this very path comes first, then the patterns in their order.
 */
export function redirected(manifest, url) {
    const rules = manifest.config.redirects;
    if (!rules) return null;
    const pathname = normal(url.pathname);
    const fixed = rules.static;
    if (fixed && Object.hasOwn(fixed, pathname)) {
        const [to, status] = fixed[pathname];
        const outcome = led(to, status, url);
        if (outcome) return outcome;
    }
    let asked = null;
    for (const { pattern, to, status, conditions } of compiled(manifest)) {
        const values = pattern.match(pathname);
        if (!values) continue;
        if (conditions) {
            asked ??= new URLSearchParams(url.search);
            if (!conditions.every(([name, wanted]) => holds(asked, name, wanted, values))) continue;
        }
        const outcome = led(filled(to, values), status, url);
        if (outcome) return outcome;
    }
    return null;
}

function compiled(manifest) {
    const made = manifest.compiled.get("redirects");
    if (made) return made;
    const rules = (manifest.config.redirects.dynamic ?? []).map(([from, to, status, conditions]) => ({
        pattern: new Pattern(from),
        to,
        status,
        conditions: conditions && Object.entries(conditions),
    }));
    manifest.compiled.set("redirects", rules);
    return rules;
}

/** Whether the query has a parameter as wanted: this value, or any for `:name`, which then stands for it. */
function holds(asked, name, wanted, values) {
    const given = asked.get(name);
    if (given === null) return false;
    if (!wanted.startsWith(":")) return given === wanted;
    values[wanted.slice(1)] = encodeURIComponent(given);
    return true;
}

function led(to, status, url) {
    const [, before, query, fragment] = PARTS.exec(to);
    if (status === 200 || status === 404) return { status, path: onSite(before) };
    const place = SCHEME.test(before) ? before : onSite(before);
    const location = `${place}${query ?? url.search}${fragment ?? ""}`;
    // A rule that leads a visitor where they are would do so for ever.
    const here = `${url.pathname}${url.search}`;
    if (location === here || location === url.origin + here) return null;
    return { status: REDIRECTS.has(status) ? status : 302, location };
}

/** Never `//host`, which is another site's. */
function onSite(path) {
    return `/${path}`.replace(/^[/\\]+/, "/").replace(/\/{2,}/g, "/");
}

const PARTS = /^([^?#]*)(\?[^#]*)?(#.*)?$/s;
const SCHEME = /^https?:\/\//;
const REDIRECTS = new Set([301, 302, 303, 307, 308]);
