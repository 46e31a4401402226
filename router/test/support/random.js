/** Chance from a seed, so that what fails fails again. */
export class Random {
    #state;

    constructor(seed) {
        this.#state = seed >>> 0;
    }

    /** A number from 0 up to, and without, `below`. (Mulberry32.) */
    below(below) {
        this.#state = (this.#state + 0x6d2b79f5) >>> 0;
        let t = this.#state;
        t = Math.imul(t ^ (t >>> 15), t | 1);
        t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
        return ((t ^ (t >>> 14)) >>> 0) % below;
    }

    pick(list) {
        return list[this.below(list.length)];
    }

    chance(percent) {
        return this.below(100) < percent;
    }

    /** A text of up to so many of these pieces. */
    text(pieces, most) {
        return Array.from({ length: this.below(most + 1) }, () => this.pick(pieces)).join("");
    }
}
