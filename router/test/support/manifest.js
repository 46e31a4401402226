/** Writes binary manifests, as crates/sites does: docs/platform-format.md. */
import { createHash } from "node:crypto";

export const sha256 = (data) => createHash("sha256").update(data).digest("hex");

/**
 * The bytes of a manifest. `files` has for each path `{ hash, size, type?, br?, gzip?, fingerprinted? }`; `config` what is
 * to differ from a plain site's.
 */
export function encodeManifest(release, files, config = {}) {
    const types = [...new Set(Object.values(files).map((file) => typeOf(file)))];
    const whole = {
        v: 1, release, html: "auto-trailing-slash", notFound: "404-page", types,
        redirects: { static: {}, dynamic: [] }, headers: [], ...config,
    };
    const text = Buffer.from(JSON.stringify(whole));
    const padded = Math.ceil(text.length / 8) * 8;
    const rows = Object.entries(files).map(([path, file]) => {
        const row = Buffer.alloc(64);
        createHash("sha256").update(path).digest().copy(row, 0, 0, 16);
        Buffer.from(file.hash, "hex").copy(row, 16);
        row.writeBigUInt64LE(BigInt(file.size), 48);
        row.writeUInt16LE(types.indexOf(typeOf(file)), 56);
        row[58] = (file.br ? 1 : 0) | (file.gzip ? 2 : 0) | (file.fingerprinted ? 4 : 0);
        return row;
    });
    rows.sort((a, b) => Buffer.compare(a.subarray(0, 16), b.subarray(0, 16)));
    const head = Buffer.alloc(16 + padded);
    head.write("FKM1", 0);
    head.writeUInt32LE(text.length, 4);
    head.writeUInt32LE(rows.length, 8);
    text.copy(head, 16);
    return Buffer.concat([head, ...rows]);
}

/** The bytes as an `ArrayBuffer` of their own. */
export function buffer(bytes) {
    return bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length);
}

const TYPES = {
    html: "text/html; charset=utf-8", css: "text/css; charset=utf-8", js: "text/javascript; charset=utf-8",
    txt: "text/plain; charset=utf-8", png: "image/png",
};
const typeOf = (file) => file.type ?? "application/octet-stream";
export const typeFor = (path) => TYPES[path.split(".").pop()] ?? "application/octet-stream";
