/**
 * Cuts Markdown that comes in into parts, of which only the last is read anew while it grows.
 *
 * Where it is cut depends on the text alone, never on the pieces it came in.
 */

/** A part is cut at the next place that is good for it from this many characters on, and at any beyond those. */
export const GOOD = 1_500;
export const MOST = 8_000;

export interface Part {
  readonly source: string;
  /** What is to stand before the source to read it: the line that opened its code, the head of its table. */
  readonly prefix: string;
}

const FENCE = /^ {0,3}(`{3,}|~{3,})([^`]*)$/;
const ITEM = /^ {0,3}(?:[-*+]|\d{1,9}[.)])(?:\s|$)/;
const HEADING = /^ {0,3}#{1,6}(?:\s|$)/;
const RULE = /^\s*\|?(?:\s*:?-+:?\s*\|)+\s*(?::?-+:?\s*)?$/;

/** Cuts an open part that has grown: all but the last are finished. */
export function cut(part: Part): readonly Part[] {
  return part.source.length < GOOD ? [part] : new Cutter(part).parts();
}

class Cutter {
  private readonly text: string;
  private begin = 0;
  private prefix: string;
  private fence = "";
  private opened = "";
  private head = "";
  private inList = false;
  private afterBlank = false;
  private last = "";
  private readonly done: Part[] = [];

  constructor(part: Part) {
    this.text = part.source;
    this.prefix = part.prefix;
    const fence = FENCE.exec(part.prefix.trim());
    if (fence) {
      this.fence = fence[1] ?? "";
      this.opened = part.prefix;
    } else {
      this.head = part.prefix;
    }
  }

  parts(): readonly Part[] {
    let at = 0;
    while (at < this.text.length) {
      const newline = this.text.indexOf("\n", at);
      const end = newline < 0 ? this.text.length : newline + 1;
      if (end - this.begin > MOST) {
        if (at > this.begin) this.cutAt(at);
        while (end - this.begin > MOST) this.cutAt(this.within(end));
      }
      if (newline < 0) break;
      const begin = Math.max(at, this.begin);
      this.line(this.text.slice(begin, newline).trimEnd(), begin);
      at = end;
    }
    return [...this.done, { source: this.text.slice(this.begin), prefix: this.prefix }];
  }

  private line(line: string, at: number): void {
    if (this.fence) {
      const mark = line.trim();
      if (mark.startsWith(this.fence) && mark.replaceAll(mark.charAt(0), "") === "") {
        this.fence = this.opened = "";
        this.afterBlank = !this.inList;
      }
    } else if (line === "") {
      this.afterBlank = true;
      this.head = "";
    } else {
      this.words(line, at);
    }
    this.last = line;
  }

  private words(line: string, at: number): void {
    const indented = /^(?: {2}|\t)/.test(line);
    const item = ITEM.test(line);
    const goesOn = this.inList && (indented || item);
    const good = this.afterBlank || HEADING.test(line);
    if (good && !goesOn && !indented) {
      if (at - this.begin >= GOOD) this.cutAt(at);
      this.inList = false;
    }
    this.afterBlank = false;
    this.inList ||= item;
    if (!line.includes("|")) this.head = "";
    const fence = FENCE.exec(line.trimStart());
    if (fence) {
      this.fence = fence[1] ?? "";
      this.opened = `${line}\n`;
      this.head = "";
    } else if (RULE.test(line) && this.last.includes("|")) {
      this.head = `${this.last}\n${line}\n`;
    }
  }

  private cutAt(at: number): void {
    this.done.push({ source: this.text.slice(this.begin, at), prefix: this.prefix });
    this.begin = at;
    this.prefix = this.opened || this.head;
    this.inList = false;
    this.last = "";
  }

  /** Where a line that is longer than a part is cut: behind a blank where one is near. */
  private within(end: number): number {
    const last = Math.min(end, this.begin + MOST);
    const blank = this.text.lastIndexOf(" ", last - 1);
    if (blank > this.begin + MOST / 2) return blank + 1;
    // Never between the two halves of a character.
    const half = this.text.charCodeAt(last - 1);
    return half >= 0xd800 && half <= 0xdbff ? last - 1 : last;
  }
}
