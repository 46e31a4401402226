/** Whose site a host is. */
import { isRelease, isSlug } from "./layout.js";

/**
 * Reads the host of a request from its `Host` header and its address: `{ tenant }` for a label of the platform's domain,
 * `{ tenant, release }` for a preview, `{ host }` for one that the registry must know, and `null` for what is no host. The
 * two places must agree: what one part of the way takes for one site must not be another's elsewhere.
 */
export function readHost(header, url, domain) {
    const address = url.hostname.replace(/\.$/, "");
    const host = plain(header ?? address);
    if (host === null || host !== address) return null;
    if (!host.endsWith(`.${domain}`)) return { host };
    const label = host.slice(0, -domain.length - 1);
    if (label.includes(".")) return { host };
    const at = label.indexOf("--");
    if (at < 0) return isSlug(label) ? { tenant: label } : null;
    const [release, tenant] = [label.slice(0, at), label.slice(at + 2)];
    return isRelease(release) && isSlug(tenant) ? { tenant, release } : null;
}

/** In lower case, without its port and one trailing dot; `null` for what is no plain name. */
function plain(authority) {
    const host = authority.toLowerCase().replace(PORT, "").replace(/\.$/, "");
    return host.length <= 253 && NAME.test(host) ? host : null;
}

const PORT = /:[0-9]{1,5}$/;
const NAME = /^(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)*[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/;
