/**
 * Which file answers a path. The modes are those of Cloudflare's assets (`html_handling`, `not_found_handling`), said
 * in another way: a page has one canonical path in each mode, and its other paths lead there.
 */

/** What becomes of a path: `{ file }`, `{ redirect: path }`, or `null` where the release has nothing for it. */
export function page(manifest, path) {
    const mode = manifest.config.html;
    const exact = manifest.file(path);
    if (!isPaged(mode)) return exact && { file: exact };
    const own = canonical(mode, path);
    if (exact && own !== path && served(manifest, mode, own)?.path === path) return { redirect: own };
    const file = exact ?? served(manifest, mode, path);
    if (file) return { file };
    for (const other of others(path)) {
        const place = canonical(mode, other);
        if (place !== path && served(manifest, mode, place)?.path === other) return { redirect: place };
    }
    return null;
}

/** The file of a path without any detour, for rules that serve one path at another. */
export function target(manifest, path) {
    const found = page(manifest, path);
    if (!found?.redirect) return found?.file ?? null;
    return page(manifest, found.redirect)?.file ?? null;
}

/** What stands in for a path that has nothing: `{ file, status }`, or `null`. */
export function missing(manifest, path) {
    const handling = manifest.config.notFound;
    if (handling === "single-page-application") {
        const file = manifest.file("/index.html");
        return file && { file, status: 200 };
    }
    if (handling !== "404-page") return null;
    // The nearest 404.html. A path may have thousands of slashes, and folders are rarely so deep.
    const folders = path.split("/").slice(0, -1);
    for (let depth = Math.min(folders.length, DEEPEST); depth > 0; depth--) {
        const file = manifest.file(`${folders.slice(0, depth).join("/")}/404.html`);
        if (file) return { file, status: 404 };
    }
    return null;
}

const DEEPEST = 32;

function isPaged(mode) {
    return mode === "auto-trailing-slash" || mode === "force-trailing-slash" || mode === "drop-trailing-slash";
}

/** Where a file is to be seen. */
function canonical(mode, path) {
    const isIndex = path.endsWith("/index.html");
    if (!isIndex && !path.endsWith(".html")) return path;
    if (path === "/index.html") return "/";
    const stem = path.slice(0, isIndex ? -"/index.html".length : -".html".length);
    const slash = mode === "force-trailing-slash" || (mode === "auto-trailing-slash" && isIndex);
    // A file that is called `.html` and no more.
    if (stem.endsWith("/")) return path;
    return slash ? `${stem}/` : stem;
}

/** The file that is to be seen at a path. */
function served(manifest, mode, path) {
    const exact = manifest.file(path);
    if (exact) return exact;
    const stem = path.endsWith("/") ? path.slice(0, -1) : path;
    const candidates = path.endsWith("/") ? [`${stem}/index.html`, `${stem}.html`] : [`${stem}.html`, `${stem}/index.html`];
    for (const candidate of candidates) {
        const file = canonical(mode, candidate) === path ? manifest.file(candidate) : null;
        if (file) return file;
    }
    return null;
}

/** The files that a path may mean that is not canonical, the likeliest first. */
function others(path) {
    const without = (ending) => path.slice(0, -ending.length);
    if (path.endsWith("/index.html")) return [`${without("/index.html")}.html`];
    if (path.endsWith("/index")) return [`${path}.html`, `${without("/index")}.html`];
    if (path.endsWith("/")) return [`${without("/")}.html`, `${path}index.html`];
    if (path.endsWith(".html")) return [`${without(".html")}/index.html`];
    return [`${path}.html`, `${path}/index.html`];
}
