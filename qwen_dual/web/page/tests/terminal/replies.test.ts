import { Terminal } from "@xterm/xterm";
import { expect, test } from "vitest";

import { isFocusReport, limitReplies } from "../../src/terminal/replies";

const QUESTIONS = {
  "primary attributes": "\x1b[c",
  "secondary attributes": "\x1b[>c",
  "tertiary attributes": "\x1b[=c",
  version: "\x1b[>q",
  status: "\x1b[5n",
  "place of the cursor": "\x1b[6n",
  "its private place": "\x1b[?6n",
  mode: "\x1b[4$p",
  "private mode": "\x1b[?2026$p",
  setting: "\x1bP$qm\x1b\\",
  capability: "\x1bP+q544e\x1b\\",
  keyboard: "\x1b[?u",
  size: "\x1b[18t",
  foreground: "\x1b]10;?\x07",
  "a colour": "\x1b]4;1;?\x07",
};

function terminal(may: () => boolean) {
  const made = new Terminal({ allowProposedApi: true, cols: 20, rows: 4 });
  const said: string[] = [];
  made.onData((data) => said.push(data));
  limitReplies(made.parser, may);
  return { said, made, write: (text: string) => new Promise<void>((done) => made.write(text, done)) };
}

test("a page that may not answer answers nothing that a program can ask", async () => {
  const { said, write } = terminal(() => false);
  for (const question of Object.values(QUESTIONS)) await write(question);
  expect(said).toEqual([]);
});

test("the one that may, answers what it did before", async () => {
  const { said, write } = terminal(() => true);
  await write("ab");
  for (const name of ["primary attributes", "place of the cursor", "private mode"] as const) await write(QUESTIONS[name]);
  expect(said).toEqual(["\x1b[?1;2c", "\x1b[1;3R", "\x1b[?2026;2$y"]);
});

test("what is no question is done by every page", async () => {
  const { made, write } = terminal(() => false);
  await write("\x1b[?2004h\x1b[2;3Hx\x1b]10;#ff0000\x07");
  expect(made.modes.bracketedPasteMode).toBe(true);
  expect(made.buffer.active.getLine(1)?.translateToString(true)).toBe("  x");
});

test("reports of the focus are told from keys", () => {
  expect(["\x1b[I", "\x1b[O"].every(isFocusReport)).toBe(true);
  expect(["\x1b[1;2R", "\x1bOA", "I", "\x1b[I\x1b[I"].some(isFocusReport)).toBe(false);
});
