import type { IDisposable, IMarker, Terminal } from "@xterm/xterm";

/** How many events keep their line: more than a scrollback has blocks. */
const MOST = 20_000;

/** The event that a mark names (`OSC 7502;seq=N`); null for none of this stream. */
export function seqOf(data: string): number | null {
  const found = /^seq=([1-9]\d{0,14})$/.exec(data);
  return found === null ? null : Number(found[1]);
}

/** The event whose block a line belongs to: that of the last mark at or above it. */
export function seqAt(line: number, marks: Iterable<readonly [number, { readonly line: number }]>): number | null {
  let found: number | null = null;
  let nearest = -1;
  for (const [seq, { line: at }] of marks) {
    // Of several at one line the last is the one whose text stands there.
    if (at <= line && at >= nearest && at >= 0) [found, nearest] = [seq, at];
  }
  return found;
}

/** Where in a terminal the blocks of events begin; what scrolls out of it is forgotten. */
export class ScreenMarks {
  readonly #markers = new Map<number, IMarker>();
  readonly #handler: IDisposable;

  constructor(
    private readonly terminal: Terminal,
    private readonly changed: () => void,
  ) {
    this.#handler = terminal.parser.registerOscHandler(7502, (data) => {
      this.#mark(seqOf(data));
      return true;
    });
  }

  get seqs(): ReadonlySet<number> {
    return new Set(this.#markers.keys());
  }

  lineOf(seq: number): number | null {
    return this.#markers.get(seq)?.line ?? null;
  }

  markerOf(seq: number): IMarker | null {
    return this.#markers.get(seq) ?? null;
  }

  seqAt(line: number): number | null {
    return seqAt(line, this.#markers);
  }

  clear(): void {
    for (const marker of [...this.#markers.values()]) marker.dispose();
    this.changed();
  }

  dispose(): void {
    this.#handler.dispose();
    this.clear();
  }

  #mark(seq: number | null): void {
    if (seq === null || this.#markers.has(seq) || this.#markers.size >= MOST) return;
    const marker = this.terminal.registerMarker(0);
    if (marker === undefined) return;
    this.#markers.set(seq, marker);
    marker.onDispose(() => {
      this.#markers.delete(seq);
      this.changed();
    });
    this.changed();
  }
}
