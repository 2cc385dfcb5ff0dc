/**
 * Two edits of one text, made at the same time, become one text in which neither has lost anything.
 *
 * What either inserted stands in the result, what either deleted does not. Pure; cursors count UTF-16
 * units.
 */

import { tokensOf } from "./units";

interface Hunk {
  /** The token of the base before which it stands. */
  at: number;
  removed: number;
  inserted: string[];
}

export interface Merged {
  text: string;
  /** Where the first side's cursor has come to, and where the second's. */
  mine: number;
  theirs: number;
}

/** Beyond so many differences the middle counts as one replacement: a draft is no file. */
const MAX_DIFFERENCES = 200;

/** `base` with the edits of both sides; at one place theirs stand before mine. */
export function merge(
  base: string,
  mine: { text: string; cursor: number },
  theirs: { text: string; cursor: number },
): Merged {
  const before = tokensOf(base);
  const sides = [new Side(before, mine, true), new Side(before, theirs, false)] as const;
  const out: string[] = [];
  let length = 0;
  const add = (tokens: readonly string[]): void => {
    out.push(...tokens);
    for (const token of tokens) length += token.length;
  };
  for (let at = 0; at <= before.length; at++) {
    const [own, other] = [sides[0].inserted(at), sides[1].inserted(at)];
    other.place(length);
    add(other.tokens);
    own.place(length);
    add(own.tokens);
    const token = before[at];
    const kept = sides.map((side) => side.keeps(at));
    if (token !== undefined && kept.every(Boolean)) add([token]);
  }
  return { text: out.join(""), mine: sides[0].placed ?? length, theirs: sides[1].placed ?? length };
}

class Side {
  placed: number | null = null;
  #hunks = new Map<number, Hunk>();
  #removed = new Set<number>();
  #consumed = 0;
  #base: string[];
  #cursor: number;
  #late: boolean;

  /** @param late of the places that are equally right for its cursor it takes the last, not the first. */
  constructor(base: string[], edited: { text: string; cursor: number }, late: boolean) {
    this.#base = base;
    this.#cursor = edited.cursor;
    this.#late = late;
    for (const hunk of difference(base, tokensOf(edited.text))) {
      this.#hunks.set(hunk.at, hunk);
      for (let at = hunk.at; at < hunk.at + hunk.removed; at++) this.#removed.add(at);
    }
  }

  /** What it inserted before a token of the base; `place` puts its cursor there if that is where it is. */
  inserted(at: number): { tokens: readonly string[]; place: (length: number) => void } {
    const tokens = this.#hunks.get(at)?.inserted ?? [];
    const size = tokens.reduce((sum, token) => sum + token.length, 0);
    const offset = this.#cursor - this.#consumed;
    this.#consumed += size;
    return {
      tokens,
      place: (length) => {
        if (this.placed !== null && (!this.#late || offset < 0)) return;
        if (offset <= size) this.placed = length + Math.max(0, offset);
      },
    };
  }

  keeps(at: number): boolean {
    const kept = !this.#removed.has(at);
    if (kept) this.#consumed += this.#base[at]?.length ?? 0;
    return kept;
  }
}

/** What turns `from` into `to`, in order; between two hunks at least one token stays. */
export function difference(from: readonly string[], to: readonly string[]): Hunk[] {
  let start = 0;
  while (start < from.length && start < to.length && from[start] === to[start]) start++;
  let [fromEnd, toEnd] = [from.length, to.length];
  while (fromEnd > start && toEnd > start && from[fromEnd - 1] === to[toEnd - 1]) {
    fromEnd--;
    toEnd--;
  }
  const [old, now] = [from.slice(start, fromEnd), to.slice(start, toEnd)];
  if (old.length === 0 && now.length === 0) return [];
  const pairs = old.length && now.length ? commonTokens(old, now) : [];
  if (pairs === null) return [{ at: start, removed: old.length, inserted: now }];
  const hunks: Hunk[] = [];
  let [a, b] = [0, 0];
  for (const [x, y] of [...pairs, [old.length, now.length] as const]) {
    if (x > a || y > b) hunks.push({ at: start + a, removed: x - a, inserted: now.slice(b, y) });
    [a, b] = [x + 1, y + 1];
  }
  return hunks;
}

/**
 * The pairs of a longest common subsequence (Myers, 1986); null where there are too many differences.
 */
function commonTokens(old: readonly string[], now: readonly string[]): [number, number][] | null {
  const trace: Map<number, number>[] = [];
  let reached = new Map([[1, 0]]);
  for (let d = 0; d <= Math.min(old.length + now.length, MAX_DIFFERENCES); d++) {
    trace.push(reached);
    const next = new Map(reached);
    for (let k = -d; k <= d; k += 2) {
      let x = stepsDown(reached, k, d) ? (reached.get(k + 1) ?? 0) : (reached.get(k - 1) ?? 0) + 1;
      while (x < old.length && x - k < now.length && old[x] === now[x - k]) x++;
      next.set(k, x);
      if (x >= old.length && x - k >= now.length) return walkBack(trace, old.length, now.length);
    }
    reached = next;
  }
  return null;
}

function stepsDown(reached: Map<number, number>, k: number, d: number): boolean {
  return k === -d || (k !== d && (reached.get(k - 1) ?? -1) < (reached.get(k + 1) ?? -1));
}

function walkBack(trace: Map<number, number>[], x: number, y: number): [number, number][] {
  const pairs: [number, number][] = [];
  for (let d = trace.length - 1; d >= 0; d--) {
    const reached = trace[d] ?? new Map<number, number>();
    const k = x - y;
    const from = stepsDown(reached, k, d) ? k + 1 : k - 1;
    const fromX = d === 0 ? 0 : (reached.get(from) ?? 0);
    const fromY = d === 0 ? 0 : fromX - from;
    while (x > fromX && y > fromY) pairs.push([--x, --y]);
    [x, y] = [fromX, fromY];
  }
  return pairs.reverse();
}
