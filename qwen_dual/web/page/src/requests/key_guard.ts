/**
 * When a key may answer a request: never one that was meant for something else.
 *
 * A request takes keys once it has been seen for a moment and nobody has typed for as long; a letter that
 * decides for longer than this once waits twice that. Pure: times are milliseconds of one clock.
 */

/** How long a request must have been seen, and how long no key may have been typed. */
export const GUARD_MS = 400;

export class KeyGuard {
  #seen: number | null = null;
  #typed = -Infinity;

  /** A request can be seen now, whole or in part; or it cannot, or another stands in its place. */
  shown(now: number | null): void {
    if (now === null) this.#seen = null;
    else this.#seen ??= now;
  }

  /** Another request stands there now. */
  another(): void {
    this.#seen = null;
  }

  /** A key was typed, whatever for. */
  typed(now: number): void {
    this.#typed = now;
  }

  /** When keys count, should none come until then; null where nothing is seen. */
  opens(lasting = false): number | null {
    if (this.#seen === null) return null;
    return Math.max(this.#seen, this.#typed) + GUARD_MS * (lasting ? 2 : 1);
  }

  /** Whether a key that comes now counts. */
  takes(now: number, lasting = false): boolean {
    const opens = this.opens(lasting);
    return opens !== null && now >= opens;
  }
}
