/** Which form of a file a visitor is sent: brotli, gzip, or the file as it is. */

/** The forms that a request takes, the best first. The platform rewrites the header and keeps the visitor's own in `cf`. */
export function accepted(request) {
    const text = request.cf?.clientAcceptEncoding ?? request.headers.get("accept-encoding") ?? "";
    const weights = new Map();
    for (const item of text.toLowerCase().split(",")) {
        const [name, ...parameters] = item.split(";").map((part) => part.trim());
        if (name) weights.set(name === "x-gzip" ? "gzip" : name, weight(parameters));
    }
    const of = (name) => weights.get(name) ?? weights.get("*") ?? 0;
    // As it is: unless it is named, as welcome as nothing else.
    const identity = weights.get("identity") ?? 0;
    return ["br", "gzip"].filter((name) => of(name) > 0 && of(name) >= identity).sort((a, b) => of(b) - of(a));
}

/** The ending of the blob that holds a form. */
export const ENDINGS = { br: ".br", gzip: ".gz" };

function weight(parameters) {
    const q = parameters.find((parameter) => parameter.startsWith("q="));
    if (!q) return 1;
    return /^q=(?:0(?:\.[0-9]{0,3})?|1(?:\.0{0,3})?)$/.test(q) ? Number(q.slice(2)) : 0;
}
