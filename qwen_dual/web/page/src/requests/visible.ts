/**
 * Foreign text so that two different texts never look the same.
 *
 * What has no look of its own, or another character's, becomes an escape such as `⟨ESC⟩` or `⟨U+202E⟩`, by
 * the rules of the program's own dialogs. The bracket that begins one is escaped itself, so that no text
 * can imitate an escape. Tabs and newlines stay.
 */

/**
 * How strictly to look. `command`: also for paths and hosts, where a letter of another script may pass for a
 * Latin one. `code`: words of two scripts stand out. `prose`: only what hides, or turns the text around.
 */
export type Reading = "command" | "code" | "prose";

/** Why a character is not what it looks like; `mark` is harmless, but looks like one of ours. */
export type Oddity = "control" | "bidi" | "invisible" | "blank" | "unassigned" | "look_alike" | "mark";

/** A piece of a text; with `odd` it is the escape of one character. */
export interface Piece {
  text: string;
  odd: Oddity | null;
}

/** An escape of ours, as a group so that `split` keeps it. */
const OURS = /(⟨(?:[A-Z]{2,3}|U\+[0-9A-F]{4,6})⟩)/;
const USUAL = /^[\t\n -~]*$/;
const MARKS = new Set("⟨⇥␣⏎↪\u2329\u3008\u276c\u2770\u29fc\u21b5\u21a6\u21e5");
const BIDI = /^[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]$/u;
const BLANK = /^[\p{Z}\u115f\u1160\u2800\u3164\uffa0]$/u;
const INVISIBLE = /^[\p{Cf}\ufe00-\ufe0f\u{e0100}-\u{e01ef}\u034f\u17b4\u17b5\u180b-\u180f\u{16fe4}\u{1d159}]$/u;
const UNASSIGNED = /^[\p{Cn}\p{Co}\p{Cs}]$/u;
/** Joiners and no-break spaces have their uses in prose. */
const IN_PROSE = /^[\u00a0\u00ad\u200c\u200d\u202f\u3000\ufe0e\ufe0f]$/u;
const COMBINING = /^\p{M}$/u;
const NAMES: Readonly<Record<number, string>> = {
  0x00: "NUL", 0x07: "BEL", 0x08: "BS", 0x0b: "VT", 0x0c: "FF", 0x0d: "CR", 0x1b: "ESC", 0x7f: "DEL",
};

/** Letters of other scripts that look like Latin ones. */
const TWINS = new Set(
  "АВЕКМНОРСТУХІЈЅԌԚԜӀҮѴаеорсухіјѕһԁԛԝӏүѵΑΒΕΖΗΙΚΜΝΟΡΤΥΧϹϳονρυϲՍՏՕԼհոսցօզ" +
    "ᎪᎳᎬᎻᏀᎫᏦᏞᎷᏃᏢᏒᏚᎢᏙᏴᏟᎠЁёЇїӐӑӒӓӖӗӦӧӔӕόύ",
);
const SCRIPTS: readonly (readonly [string, RegExp])[] = [
  ["Latin", /^[\u{0}-\u{24f}\u{1e00}-\u{1eff}]$/u],
  ["Greek", /^[\u{370}-\u{3ff}\u{1f00}-\u{1fff}\u{2c80}-\u{2cff}]$/u],
  ["Cyrillic", /^[\u{400}-\u{52f}\u{1c80}-\u{1c8f}\u{2de0}-\u{2dff}\u{a640}-\u{a69f}]$/u],
  ["Armenian", /^[\u{530}-\u{58f}]$/u],
  ["Cherokee", /^[\u{13a0}-\u{13ff}\u{ab70}-\u{abbf}]$/u],
  ["Canadian", /^[\u{1400}-\u{167f}\u{18b0}-\u{18ff}]$/u],
  ["Lisu", /^[\u{a4d0}-\u{a4ff}]$/u],
  // Single letters and digits of scripts whose others look like nothing else.
  ["others", /^[\u{5d0}\u{5d4}-\u{5d5}\u{5df}\u{5e1}\u{665}\u{667}-\u{668}\u{6c1}\u{6f5}\u{6f7}-\u{6f8}\u{7c0}\u{7ca}-\u{7cb}\u{966}\u{9e6}\u{9ea}\u{9ed}\u{a66}\u{a6a}\u{ae6}\u{b66}\u{be6}\u{c66}\u{ce6}\u{d20}\u{d66}\u{da7}\u{e50}\u{ed0}\u{101d}\u{1040}\u{10ff}\u{12d0}\u{16b7}\u{16c1}\u{16d5}\u{19d0}\u{1c5b}\u{2d4f}\u{2d54}\u{2d5d}\u{3147}\u{3163}\u{fba6}\u{fee9}]$/u],
  ["ancient", /^[\u{10280}-\u{1044f}\u{10500}-\u{1067f}\u{118a0}-\u{118ff}]$/u],
];
/** Letters and signs that no program, path or host is written with, and that look like plain ones. */
const STYLED =
  /^[\u{1c0}-\u{1c3}\u{250}-\u{2ff}\u{1d00}-\u{1dbf}\u{2100}-\u{214f}\u{2160}-\u{2188}\u{2c60}-\u{2c7f}\u{a720}-\u{a7ff}\u{fb00}-\u{fb06}\u{fe50}-\u{fe6b}\u{ff10}-\u{ff19}\u{ff21}-\u{ff3a}\u{ff41}-\u{ff5a}\u{ff61}-\u{ff65}\u{ffe8}\u{1d400}-\u{1d7ff}\u{1f110}-\u{1f189}\u{1fbf0}-\u{1fbf9}]$/u;
/** Signs that look like one that a shell takes for its own. */
const PUNCTUATION =
  /^[\u00b4\u055a\u05c0\u05c3\u05f3\u2010-\u2012\u2024\u2027\u2032\u2035\u2039\u203a\u2043\u2044\u204e\u2052\u2053\u2212\u2215-\u2217\u2219\u2223\u2236\u223c\u2758\u2768\u2769\u29f5\u29f8\u29f9\ufe58\ufe68\uff07\uff40]$/u;

/** They begin a word as the sign of an option does, with a plain letter behind them. */
const WIDE_DASH = /^[\u3161\u30fc\u4e00\uff0d\uff70\u2500\u2501\u2796]$/;

/** `text` in pieces: what may be shown as it is, and escapes. */
export function pieces(text: string, reading: Reading): Piece[] {
  if (USUAL.test(text)) return text ? [{ text, odd: null }] : [];
  const chars = Array.from(text);
  const pretending = reading === "prose" ? new Set<number>() : pretendingIn(chars, reading);
  const found: Piece[] = [];
  let plain = "";
  let [cluster, expected] = ["", -1];
  chars.forEach((char, index) => {
    let odd: Oddity | null = null;
    if (!USUAL.test(char)) {
      odd = kindOf(char) ?? (pretending.has(index) ? "look_alike" : null);
      if (odd === null) {
        const before = index === expected ? cluster : (chars[index - 1] ?? "");
        if (joins(before, char)) odd = "look_alike";
        cluster = COMBINING.test(char) ? before + char : char;
        expected = index + 1;
      }
      if (odd !== null && reading === "prose" && !deceives(char, odd)) odd = null;
    }
    if (odd === null) {
      plain += char;
      return;
    }
    if (plain) found.push({ text: plain, odd: null });
    plain = "";
    found.push({ text: escapeOf(char), odd });
  });
  if (plain) found.push({ text: plain, odd: null });
  return found;
}

/** `text` with an escape for each character that is not what it looks like. */
export function visible(text: string, reading: Reading): string {
  return pieces(text, reading)
    .map((piece) => piece.text)
    .join("");
}

/** What the program made visible by the same rules stays as it is; of the rest, what it left. */
export function stillVisible(text: string, reading: Reading): string {
  return text
    .split(OURS)
    .map((part, index) => (index % 2 ? part : visible(part, reading)))
    .join("");
}

/** The same in one line. */
export function visibleLine(text: string): string {
  return visible(text, "command").replaceAll("\n", "⟨LF⟩").replaceAll("\t", "⟨HT⟩");
}

export function escapeOf(char: string): string {
  const code = char.codePointAt(0) ?? 0;
  return `⟨${NAMES[code] ?? `U+${code.toString(16).toUpperCase().padStart(4, "0")}`}⟩`;
}

function deceives(char: string, odd: Oddity): boolean {
  if (char === "⟨" || /^\p{Cs}$/u.test(char)) return true;
  return odd !== "mark" && odd !== "look_alike" && odd !== "unassigned" && !IN_PROSE.test(char);
}

function kindOf(char: string): Oddity | null {
  const code = char.codePointAt(0) ?? 0;
  if (code < 0x20 || (code >= 0x7f && code <= 0x9f)) return "control";
  if (BIDI.test(char)) return "bidi";
  if (MARKS.has(char)) return "mark";
  if (BLANK.test(char)) return "blank";
  if (INVISIBLE.test(char)) return "invisible";
  if (UNASSIGNED.test(char)) return "unassigned";
  return char.normalize("NFC") === char ? null : "look_alike";
}

/** Whether `char` melts into what stands before it, so that it cannot be told from another. */
function joins(before: string, char: string): boolean {
  if (COMBINING.test(char) && /^[\0-\x7f]*$/.test(before)) return true;
  return (before + char).normalize("NFC") !== before + char;
}

function pretendingIn(chars: readonly string[], reading: Reading): Set<number> {
  const found = new Set<number>();
  let word: number[] = [];
  const close = (): void => {
    for (const at of twinsIn(chars, word, reading)) found.add(at);
    word = [];
  };
  chars.forEach((char, index) => {
    if (/^[\p{L}\p{N}]$/u.test(char)) word.push(index);
    else close();
    if (reading !== "command" || USUAL.test(char)) return;
    // A dash that begins a word is read as the sign of an option.
    const wide = WIDE_DASH.test(char) && /^[A-Za-z]$/.test(chars[index + 1] ?? "");
    const dash = (wide || /^[–—―]$/.test(char)) && /^\s?$/u.test(chars[index - 1] ?? "");
    if (dash || PUNCTUATION.test(char) || STYLED.test(char)) found.add(index);
  });
  close();
  return found;
}

/** Where in a word letters stand that may pass for those of another script. */
function twinsIn(chars: readonly string[], word: readonly number[], reading: Reading): readonly number[] {
  if (word.every((at) => USUAL.test(chars[at] ?? ""))) return [];
  const scripts = word.map((at) => scriptOf(chars[at] ?? ""));
  const foreign = word.filter((_, index) => !["", "Latin"].includes(scripts[index] ?? ""));
  if (new Set(scripts.filter(Boolean)).size > 1) return foreign;
  // Of one script: a letter that looks like no other tells which.
  return reading === "command" && foreign.every((at) => TWINS.has(chars[at] ?? "")) ? foreign : [];
}

function scriptOf(char: string): string {
  if (!/^[\p{L}\p{Decimal_Number}]$/u.test(char) || /^[0-9]$/.test(char)) return "";
  return SCRIPTS.find(([, letters]) => letters.test(char))?.[0] ?? "";
}
