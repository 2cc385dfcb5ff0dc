import type { IDisposable, IFunctionIdentifier, IParser } from "@xterm/xterm";

/** Control sequences by which a program asks its terminal something, and the emulator would answer. */
const CSI: IFunctionIdentifier[] = [
  { final: "c" },
  { prefix: ">", final: "c" },
  { prefix: "=", final: "c" },
  { prefix: ">", final: "q" },
  { final: "n" },
  { prefix: "?", final: "n" },
  { final: "t" },
  { final: "x" },
  { prefix: "?", final: "u" },
  { intermediates: "$", final: "p" },
  { prefix: "?", intermediates: "$", final: "p" },
];

const DCS: IFunctionIdentifier[] = [
  { intermediates: "$", final: "q" },
  { intermediates: "+", final: "q" },
];

/** Colours, which are asked for with a `?` in place of one. */
const COLOURS = [4, 5, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19];

/**
 * Has an emulator answer a program's questions only where `may` says so.
 *
 * Each page that shows a terminal sees the question; the program asked once, and takes what comes after the
 * first answer for typed keys. In what is replayed the question was answered long ago.
 */
export function limitReplies(parser: IParser, may: () => boolean): IDisposable[] {
  const swallowed = () => !may();
  return [
    ...CSI.map((id) => parser.registerCsiHandler(id, swallowed)),
    ...DCS.map((id) => parser.registerDcsHandler(id, swallowed)),
    ...COLOURS.map((id) => parser.registerOscHandler(id, (data) => data.includes("?") && !may())),
  ];
}

/** Whether what an emulator sends is no key but a report of its focus, which counts for the page in use alone. */
export function isFocusReport(data: string): boolean {
  return data === "\x1b[I" || data === "\x1b[O";
}
