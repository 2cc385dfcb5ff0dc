/**
 * What in a draft stands for something that is folded away: a long paste or an image.
 *
 * Such a unit goes with the prompt only while it stands in the text whole, so that the caret steps over
 * it and deleting takes all of it. Positions are UTF-16 units unless a name says code points.
 */

const UNIT = /\[Pasted text #\d+ \+\d+ (?:lines|characters)\]|\[image \d+(?:: [^[\]\n]*)?\]/gu;

export interface Span {
  from: number;
  to: number;
}

/** Where the units of `text` stand. */
export function unitsIn(text: string): Span[] {
  return Array.from(text.matchAll(UNIT), (match) => ({ from: match.index, to: match.index + match[0].length }));
}

/** The text as a list of units and single code points. */
export function tokensOf(text: string): string[] {
  const tokens: string[] = [];
  let done = 0;
  for (const { from, to } of unitsIn(text)) {
    tokens.push(...text.slice(done, from), text.slice(from, to));
    done = to;
  }
  tokens.push(...text.slice(done));
  return tokens;
}

/** `at`, or an end of the unit that it is inside of: the far one where the caret came from an end, else the nearer. */
export function outsideUnits(text: string, at: number, before: number | null = null): number {
  for (const { from, to } of unitsIn(text)) {
    if (from >= at || at >= to) continue;
    if (before === from) return to;
    if (before === to) return from;
    return at - from < to - at ? from : to;
  }
  return at;
}

/** What deleting `span` takes with it: all of the units that it cuts. */
export function wholeUnits(text: string, span: Span): Span {
  let { from, to } = span;
  for (const unit of unitsIn(text)) {
    if (unit.from < to && unit.to > from) {
      from = Math.min(from, unit.from);
      to = Math.max(to, unit.to);
    }
  }
  return { from, to };
}

/** How many code points stand before the UTF-16 position `at`. */
export function codePointsBefore(text: string, at: number): number {
  let count = 0;
  for (const char of text.slice(0, at)) count += char ? 1 : 0;
  return count;
}

/** The UTF-16 position of the code point number `cursor`; the end where there are fewer. */
export function positionOf(text: string, cursor: number): number {
  let at = 0;
  for (const char of text) {
    if (cursor-- <= 0) break;
    at += char.length;
  }
  return at;
}
