/** A command's output with the colours that it set: the sixteen of a terminal, in those of the page. */

export interface Run {
  readonly text: string;
  /** Classes, empty where it sets none. */
  readonly look: string;
}

const NAMES = ["black", "red", "green", "yellow", "blue", "magenta", "cyan", "white"] as const;
const FLAGS: Readonly<Record<number, string>> = { 1: "bold", 2: "dim", 3: "italic", 4: "underline", 9: "strike" };
const ENDED: Readonly<Record<number, readonly number[]>> = {
  21: [1],
  22: [1, 2],
  23: [3],
  24: [4],
  29: [9],
  39: [30],
  49: [40],
};
const ESC = "\u001b";
const COLOUR = new RegExp(`${ESC}\\[([0-9;:]*)m`);
// Whatever else a terminal would take for a sequence, as far as it goes.
const OTHER = new RegExp(
  `${ESC}\\[[0-?]*[ -/]*[@-~]?|${ESC}[\\]PX^_][^\\u0000-\\u001f\\u007f-\\u009f]*(?:\\u0007|${ESC}\\\\)?|${ESC}[ -/]*[0-~]?`,
  "g",
);

/** The text without any sequence. */
export function withoutSequences(text: string): string {
  return text.includes(ESC) ? text.replace(OTHER, "") : text;
}

/** The runs of one style. What would hide text, or make it blink, is left out. */
export function runs(text: string): Run[] {
  if (!text.includes(ESC)) return text ? [{ text, look: "" }] : [];
  const found: Run[] = [];
  const state = new Map<number, string>();
  text.split(COLOUR).forEach((part, index) => {
    if (index % 2) return set(state, part);
    const plain = withoutSequences(part);
    if (plain) found.push({ text: plain, look: [...state.values()].map((name) => `ansi-${name}`).join(" ") });
  });
  return found;
}

/** Takes one sequence: 30 holds the text's colour. Grounds are left out, so that all stays readable. */
function set(state: Map<number, string>, parameters: string): void {
  const codes = parameters.replaceAll("::", ":").replaceAll(":", ";").split(";").map(Number);
  while (codes.length > 0) {
    const code = codes.shift() ?? 0;
    const flag = FLAGS[code];
    if (code === 0) state.clear();
    else if (flag) state.set(code, flag);
    else if (ENDED[code]) for (const ended of ENDED[code]) state.delete(ended);
    else if (code === 38 || code === 48) {
      const colour = extended(codes);
      if (colour !== "" && code === 38) state.set(30, colour);
    } else if ((code >= 30 && code <= 37) || (code >= 90 && code <= 97)) {
      state.set(30, NAMES[code % 10] ?? "white");
    }
  }
}

/** The colour after 38 or 48, taken from the codes: the nearest of the eight. */
function extended(codes: number[]): string {
  const kind = codes.shift();
  if (kind === 2) return nearest(codes.splice(0, 3));
  if (kind !== 5) return "";
  const code = codes.shift() ?? 0;
  if (code < 16) return NAMES[code % 8] ?? "";
  if (code >= 232) return code < 244 ? "black" : "white";
  const cube = code - 16;
  return nearest([Math.floor(cube / 36), Math.floor(cube / 6) % 6, cube % 6].map((step) => step * 51));
}

function nearest(rgb: readonly number[]): string {
  const most = Math.max(...rgb);
  if (most === 0) return "black";
  const bits = rgb.reduce((sum, part, at) => sum + (part > most / 2 ? 1 << at : 0), 0);
  return NAMES[bits] ?? "white";
}
