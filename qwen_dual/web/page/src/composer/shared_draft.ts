/**
 * The draft that the page and the terminal share: what is shown here, and what to say to the program.
 *
 * The program has the draft; the page edits a copy. One `set_draft` is under way at a time, made from the
 * version it was told last; where somebody has typed meanwhile the page's edit is made anew over theirs,
 * so that nobody's keys are lost. Pure: it is told of events and time, and sends nothing itself.
 * Cursors of events and commands count code points, those of the page UTF-16 units.
 */

import { merge } from "./merge";
import { codePointsBefore, positionOf } from "./units";

/** The `data` of a `draft` event. */
export interface DraftData {
  text: string;
  cursor: number;
  version: number;
  mode: "prompt" | "shell";
  cut?: boolean;
}

export interface SetDraft {
  text: string;
  cursor: number;
  if_version: number;
}

/** The `data` of a receipt, as far as a draft is concerned. */
export interface DraftReceipt {
  status: string;
  code?: string;
  message?: string;
  version?: number;
}

/** For so long after somebody else's key the cursor in the program's draft is theirs. */
const THEIR_CURSOR_MS = 3000;
/** Before a draft is tried again that was refused since the person is in the middle of something. */
const AGAIN_MS = 1000;

interface Known {
  text: string;
  cursor: number;
  version: number;
}

export class SharedDraft {
  text = "";
  cursor = 0;
  /** Why it is not shared at the moment, as a sentence; empty where it is. */
  apart = "";
  /** Whether the program must be asked how the draft is, since that is known to be old. */
  stale = false;
  #known: Known | null = null;
  #sent: Known | null = null;
  /** What was under way when the connection was lost: it may have been set or not. */
  #unsure: string | null = null;
  #theirs = -Infinity;
  #notBefore = 0;
  #refused: string | null = null;

  /** Units that the program's draft has now; another cannot be brought in. */
  get knownText(): string {
    return this.#known?.text ?? "";
  }

  get version(): number | null {
    return this.#known?.version ?? null;
  }

  /** Whether what is shown here is what the program has. */
  get settled(): boolean {
    return this.#sent === null && this.#known !== null && this.#known.text === this.text;
  }

  /** The person edited the copy, or moved the caret in it. */
  typed(text: string, cursor: number): void {
    this.text = text;
    this.cursor = cursor;
    if (this.#refused !== null && this.#refused !== text) {
      this.#refused = null;
      this.apart = "";
    }
  }

  /**
   * A `draft` event came. True where what is shown has changed.
   *
   * @param follows the caret is not in the page: it goes where the other's is.
   */
  told(draft: DraftData, now: number, follows: boolean): boolean {
    if (this.#known !== null && draft.version < this.#known.version && !this.stale) return false;
    if (draft.mode === "shell" || draft.cut) {
      this.apart = draft.cut
        ? "The terminal's draft is too long to be shared."
        : "In the terminal a command for the shell is being typed.";
      this.#notBefore = Infinity;
      return false;
    }
    if (this.#notBefore === Infinity) {
      this.#notBefore = 0;
      this.apart = "";
    }
    this.stale = false;
    const cursor = positionOf(draft.text, draft.cursor);
    const base = this.#baseFor(draft.text);
    this.#unsure = null;
    if (this.#known !== null && draft.text !== base) this.#theirs = now;
    const merged = merge(base, this, { text: draft.text, cursor });
    const shown = this.text;
    this.#known = { text: draft.text, cursor, version: draft.version };
    this.text = merged.text;
    const caret = follows && merged.text === draft.text ? cursor : merged.mine;
    const moved = caret !== this.cursor;
    this.cursor = caret;
    return moved || shown !== merged.text;
  }

  /** What to send now; null for nothing. */
  next(now: number): SetDraft | null {
    const known = this.#known;
    if (known === null || this.#sent || this.stale || this.#unsure !== null) return null;
    if (now < this.#notBefore || this.#refused !== null || known.text === this.text) return null;
    const others = now - this.#theirs < THEIR_CURSOR_MS;
    const at = others ? merge(known.text, this, known).theirs : this.cursor;
    this.#sent = { text: this.text, cursor: at, version: known.version };
    return { text: this.text, cursor: codePointsBefore(this.text, at), if_version: known.version };
  }

  /** When `next` is worth asking again though nothing happens meanwhile; null for never. */
  get again(): number | null {
    return this.#notBefore > 0 && this.#notBefore < Infinity ? this.#notBefore : null;
  }

  /** What became of what was sent. */
  answered(receipt: DraftReceipt, now: number): void {
    const sent = this.#sent;
    this.#sent = null;
    if (sent === null) return;
    if (receipt.status === "accepted") {
      this.apart = "";
      this.#notBefore = 0;
      const version = receipt.version ?? sent.version;
      if (version >= (this.#known?.version ?? 0)) this.#known = { ...sent, version };
    } else if (receipt.code === "version_conflict") {
      this.stale = this.#known === null || this.#known.version <= sent.version;
    } else if (receipt.code === "busy" || receipt.code === "shell_mode") {
      this.apart = sentence(receipt);
      this.#notBefore = now + AGAIN_MS;
    } else {
      this.apart = sentence(receipt);
      this.#refused = sent.text;
    }
  }

  /** The connection is gone; what comes next is told anew, and may have what was under way. */
  lost(): void {
    if (this.#sent !== null) this.#unsure = this.#sent.text;
    this.#sent = null;
    this.stale = this.#known !== null;
  }

  /** What their text was made from: the last that was told, or what was under way and may have been set. */
  #baseFor(theirs: string): string {
    const told = this.#known?.text ?? "";
    const maybe = this.#unsure ?? this.#sent?.text ?? null;
    if (maybe === null || theirs === told) return told;
    if (this.#unsure === null) return theirs === maybe ? maybe : told;
    return sharedLength(maybe, theirs) > sharedLength(told, theirs) ? maybe : told;
  }
}

function sentence(receipt: DraftReceipt): string {
  return `Not shared with the terminal: ${receipt.message ?? receipt.code ?? receipt.status}.`;
}

/** How much of two texts is the same at their ends. */
function sharedLength(a: string, b: string): number {
  const most = Math.min(a.length, b.length);
  let start = 0;
  while (start < most && a[start] === b[start]) start++;
  let end = 0;
  while (end < most - start && a[a.length - 1 - end] === b[b.length - 1 - end]) end++;
  return start + end;
}
