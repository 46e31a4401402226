/** The binary manifest of a release: which file is at which path. docs/platform-format.md has the form. */
import { createHash } from "node:crypto";

/** One release, as the edge sees it. */
export class Manifest {
    #bytes;
    #view;
    #start;
    #count;
    #known = new Map();

    /** Reads the bytes of a manifest, an `ArrayBuffer`; throws where they are none. */
    constructor(buffer, release) {
        if (buffer.byteLength < HEADER) throw new BadManifest("it is too short");
        this.#bytes = new Uint8Array(buffer);
        this.#view = new DataView(buffer);
        if (this.#view.getUint32(0) !== MAGIC) throw new BadManifest("it does not begin with `FKM1`");
        const length = this.#view.getUint32(4, true);
        this.#count = this.#view.getUint32(8, true);
        this.#start = HEADER + Math.ceil(length / 8) * 8;
        if (this.#start + this.#count * ENTRY !== buffer.byteLength) throw new BadManifest("its length is not what it says");
        const text = new TextDecoder("utf-8", { fatal: true }).decode(this.#bytes.subarray(HEADER, HEADER + length));
        const config = JSON.parse(text);
        if (config.v !== 1) throw new BadManifest(`its version is ${config.v}`);
        if (config.release !== release) throw new BadManifest("it is another release's");
        this.release = release;
        this.config = config;
        /** What is made of the configuration on first use, by whom it serves. */
        this.compiled = new Map();
    }

    /** What it weighs in memory, about: its bytes, and the configuration once more as it is read and as it is compiled. */
    get weight() {
        return this.#bytes.byteLength + 4 * (this.#start - HEADER);
    }

    /** The file at this path (decoded, from its slash on), or `null`. */
    file(path) {
        const known = this.#known.get(path);
        if (known !== undefined) return known;
        const found = this.#search(path);
        if (path.length <= KNOWN_LENGTH) {
            if (this.#known.size >= MOST_KNOWN) this.#known.clear();
            this.#known.set(path, found);
        }
        return found;
    }

    #search(path) {
        const key = createHash("sha256").update(path).digest();
        let [low, high] = [0, this.#count];
        while (low < high) {
            const middle = (low + high) >>> 1;
            const at = this.#start + middle * ENTRY;
            const order = this.#compare(at, key);
            if (order === 0) return this.#entry(at, path);
            if (order < 0) low = middle + 1;
            else high = middle;
        }
        return null;
    }

    #compare(at, key) {
        for (let i = 0; i < KEY; i++) {
            const difference = this.#bytes[at + i] - key[i];
            if (difference !== 0) return difference;
        }
        return 0;
    }

    #entry(at, path) {
        const flags = this.#view.getUint8(at + 58);
        return {
            path,
            hash: hex(this.#bytes.subarray(at + 16, at + 48)),
            size: Number(this.#view.getBigUint64(at + 48, true)),
            type: this.config.types?.[this.#view.getUint16(at + 56, true)] ?? "application/octet-stream",
            br: (flags & 1) !== 0,
            gzip: (flags & 2) !== 0,
            fingerprinted: (flags & 4) !== 0,
        };
    }
}

/** Bytes that are no manifest of this release. */
export class BadManifest extends Error {}

/** `FKM1`, read as a number. */
const MAGIC = 0x464b4d31;
const HEADER = 16;
const ENTRY = 64;
const KEY = 16;
/** What is remembered of paths that were asked for: so many, of this length. */
const MOST_KNOWN = 500;
const KNOWN_LENGTH = 200;

const HEX = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, "0"));

function hex(bytes) {
    let text = "";
    for (const byte of bytes) text += HEX[byte];
    return text;
}
