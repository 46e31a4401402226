/** From a request to the site that answers it. */
import { Failure } from "./failure.js";
import { readHost } from "./host.js";
import { decoded } from "./path.js";
import { Records } from "./records.js";
import { serve } from "./serve.js";

/** Answers a visitor. `records` is what the isolate remembers; tests bring their own. */
export async function handle(request, env, context, records = RECORDS) {
    try {
        return await answered(request, env, context, records);
    } catch (error) {
        if (error instanceof Failure) return error.response(request.method);
        console.error(`${error?.stack ?? error}`);
        return new Failure(503, "internal").response(request.method);
    }
}

const RECORDS = new Records();
/** Longer than any file's name may be, even if each byte is escaped. */
const LONGEST_PATH = 8_192;

async function answered(request, env, context, records) {
    const url = URL.parse(request.url);
    const place = url && readHost(request.headers.get("host"), url, env.PLATFORM_DOMAIN);
    if (!place) throw new Failure(404, "unknown-host");
    if (url.pathname.length > LONGEST_PATH) throw new Failure(414, "long-path");
    // Questions of whoever issues a host's certificate: the platform itself answers them, behind us.
    if (isChallenge(url.pathname)) return fetch(request);
    const now = Date.now();
    const tenant = place.tenant ?? (await records.tenant(env, place.host, now));
    const site = tenant && (await records.site(env, tenant, now));
    if (site && !site.live) throw new Failure(503, "suspended");
    const common = { env, context, tenant, preview: place.release !== undefined, blobs: records.blobs };
    if (place.release !== undefined) {
        // A site that was never live may have previews.
        const manifest = await records.manifest(env, tenant, place.release, now);
        if (!manifest) throw new Failure(404, "unknown-release");
        return serve(request, url, { ...common, manifest, older: () => null });
    }
    if (!site) throw new Failure(404, "unknown-host");
    const manifest = await records.manifest(env, tenant, site.release, now);
    if (!manifest) throw new Failure(502, "missing-manifest");
    const older = (path) => keptFile(records, env, tenant, site.previous, path, now);
    return serve(request, url, { ...common, manifest, older });
}

function isChallenge(pathname) {
    if (!pathname.includes(".") && !pathname.includes("%")) return false;
    const { path } = decoded(pathname);
    return path.startsWith("/.well-known/cf-custom-hostname-challenge/") || path.startsWith("/.well-known/acme-challenge/");
}

/**
 * A fingerprinted file of an earlier release: a page that a visitor opened before the deploy still asks for it. Only for
 * paths that may be such, so that what scanners try loads no manifest.
 */
async function keptFile(records, env, tenant, previous, path, now) {
    const name = path.slice(path.lastIndexOf("/") + 1);
    if (!/.\.[A-Za-z0-9]{1,11}$/.test(name) || /\.(?:x?html?|xml|txt|php|webmanifest)$/i.test(name)) return null;
    for (const release of previous) {
        const manifest = await records.manifest(env, tenant, release, now);
        const file = manifest?.file(path);
        if (file?.fingerprinted) return { manifest, file };
    }
    return null;
}
