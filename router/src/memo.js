/** What an isolate remembers. Values alone, never promises: an answer under way belongs to the request that asked for it. */

/** Values for a time, at most so many. A value that is past its time is kept for when its source fails. */
export class Memo {
    #held = new Map();

    /** `lifetime` and `grace` are in milliseconds; `grace` counts from the end of the lifetime. */
    constructor(lifetime, grace, most) {
        Object.assign(this, { lifetime, grace, most });
    }

    /**
     * The value of a key, `null` among them, from `load` where none is fresh. Where `load` fails, a value within its
     * grace serves once more.
     */
    async value(key, now, load) {
        const held = this.#held.get(key);
        if (held && now - held.since < this.lifetime) return held.value;
        try {
            const value = await load();
            // Of two that loaded at once, what the later one found stays: visitors never go back in time here.
            const newer = this.#held.get(key);
            if (newer && newer.since > now) return newer.value;
            this.put(key, value, now);
            return value;
        } catch (error) {
            if (held && now - held.since < this.lifetime + this.grace) return held.value;
            throw error;
        }
    }

    /** Whether there is a fresh value of a key. */
    has(key, now) {
        const held = this.#held.get(key);
        return held !== undefined && now - held.since < this.lifetime;
    }

    /** Keeps a value; the oldest goes where there are too many. */
    put(key, value, now) {
        this.#held.delete(key);
        this.#held.set(key, { value, since: now });
        if (this.#held.size > this.most) this.#held.delete(this.#held.keys().next().value);
    }

    get size() {
        return this.#held.size;
    }
}

/** Values of known weight, the most recently used of them, up to a total weight. */
export class Weighed {
    #held = new Map();
    #total = 0;

    constructor(most) {
        this.most = most;
    }

    /** The value of a key, or `undefined`. */
    get(key) {
        const held = this.#held.get(key);
        if (!held) return undefined;
        this.#held.delete(key);
        this.#held.set(key, held);
        return held.value;
    }

    /** Keeps a value, unless it is heavier than all may be. */
    set(key, value, weight) {
        this.#drop(key);
        if (weight > this.most) return;
        this.#held.set(key, { value, weight });
        this.#total += weight;
        while (this.#total > this.most) this.#drop(this.#held.keys().next().value);
    }

    get total() {
        return this.#total;
    }

    #drop(key) {
        const held = this.#held.get(key);
        if (!held) return;
        this.#held.delete(key);
        this.#total -= held.weight;
    }
}

/**
 * The same for what is asked for again, so that a visitor who reads all of a large site puts nothing in and nothing out: a
 * value is worth keeping if it would still be here, had it been kept the last time.
 */
export class Hot extends Weighed {
    #asked;

    constructor(most) {
        super(most);
        this.#asked = new Weighed(most);
    }

    /** Whether the key was asked for not long ago. `weight` is what its value would weigh. */
    isAskedAgain(key, weight) {
        if (this.#asked.get(key)) return true;
        this.#asked.set(key, true, weight);
        return false;
    }
}
