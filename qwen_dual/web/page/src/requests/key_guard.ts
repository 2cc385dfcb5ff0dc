/**
 * When a key or a click may answer a request: never one that was meant for something else.
 *
 * A request takes keys once it has been seen for a moment and nobody has typed for as long; a letter that
 * decides for longer than this once waits twice that. A click needs only that it was seen, since a button
 * may have come under the pointer just then. Pure: times are milliseconds of one clock.
 */

/** How long a request must have been seen, and how long no key may have been typed. */
export const GUARD_MS = 400;

export class KeyGuard {
  #seen: number | null = null;
  #typed = -Infinity;
  #before = -Infinity;

  /** A request can be seen now; or (null) it cannot. */
  shown(now: number | null): void {
    if (now === null) this.#seen = null;
    else this.#seen ??= now;
  }

  /** A key was typed, whatever for. */
  typed(now: number): void {
    this.#before = this.#typed;
    this.#typed = now;
  }

  /** Whether the key that was just `typed` counts. */
  takesKey(now: number, lasting = false): boolean {
    const wait = GUARD_MS * (lasting ? 2 : 1);
    return this.#seen !== null && now - Math.max(this.#seen, this.#before) >= wait;
  }

  /** Whether a click counts. */
  takesClick(now: number): boolean {
    return this.#seen !== null && now - this.#seen >= GUARD_MS;
  }

  /** When clicks count; null where nothing is seen. */
  get opensToClicks(): number | null {
    return this.#seen === null ? null : this.#seen + GUARD_MS;
  }

  /** When keys count, should none come until then; null where nothing is seen. */
  get opens(): number | null {
    return this.#seen === null ? null : Math.max(this.#seen, this.#typed) + GUARD_MS;
  }
}
