import type { Entry } from "../conversation/types";
import { isShown } from "./entry";

/**
 * The entries that are shown, brought up to date from the first that is another one than before: of thousands of
 * messages all but the last few are what they were.
 */
export class ShownRows {
  /** Changed in place. */
  readonly rows: Entry[] = [];
  /** So many rows stand where they stood before the last change. */
  same = 0;
  private entries: readonly Entry[] = [];
  /** Of each row the place among the entries. */
  private readonly places: number[] = [];

  update(entries: readonly Entry[]): this {
    const before = this.entries;
    if (entries === before) return this;
    const most = Math.min(entries.length, before.length);
    let first = 0;
    while (first < most && entries[first] === before[first]) first += 1;
    this.entries = entries;
    let kept = this.places.length;
    while (kept > 0 && (this.places[kept - 1] as number) >= first) kept -= 1;
    this.rows.length = this.places.length = this.same = kept;
    for (let at = first; at < entries.length; at += 1) {
      const entry = entries[at] as Entry;
      if (!isShown(entry)) continue;
      this.rows.push(entry);
      this.places.push(at);
    }
    return this;
  }
}
