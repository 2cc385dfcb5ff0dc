import { Terminal } from "@xterm/xterm";
import { expect, test } from "vitest";

import { letterboxFont } from "../../src/terminal/fitting";
import { isSafeLink } from "../../src/terminal/links";
import { pasted } from "../../src/terminal/pasted";
import { ScreenMarks, seqOf } from "../../src/terminal/marks";

const mark = (seq: number | string) => `\x1b]7502;seq=${seq}\x1b\\`;

function marked(scrollback = 100) {
  const terminal = new Terminal({ allowProposedApi: true, cols: 20, rows: 4, scrollback });
  let changes = 0;
  const marks = new ScreenMarks(terminal, () => changes++);
  const write = (text: string) => new Promise<void>((done) => terminal.write(text, done));
  return { terminal, marks, write, changes: () => changes };
}

test("a mark names an event of this stream, or none", () => {
  expect(["seq=1", "seq=120394"].map(seqOf)).toEqual([1, 120394]);
  expect(["seq=0", "seq=-1", "seq=1e9", "seq=", "1", "seq=1;x=2", `seq=${"9".repeat(30)}`].map(seqOf)).toEqual(Array(7).fill(null));
});

test("an event leads to the line on which its block began, the first of several", async () => {
  const { marks, write } = marked();
  await write(`first\r\n${mark(5)}five\r\nmore\r\n${mark(9)}nine\r\n\r\n${mark(9)}nine again\r\n`);
  expect([marks.lineOf(5), marks.lineOf(9), marks.lineOf(7)]).toEqual([1, 3, null]);
  expect([...marks.seqs]).toEqual([5, 9]);
});

test("a line leads to the event whose block it belongs to", async () => {
  const { marks, write } = marked();
  await write(`first\r\n${mark(5)}five\r\nmore\r\n${mark(9)}nine\r\n`);
  expect([0, 1, 2, 3, 4].map((line) => marks.seqAt(line))).toEqual([null, 5, 5, 9, 9]);
});

test("marks move with the text, also when the width changes, and go with it", async () => {
  const { terminal, marks, write } = marked(4);
  await write(`${"a".repeat(30)}\r\n${mark(5)}five\r\n`);
  expect(marks.lineOf(5)).toBe(2);
  terminal.resize(40, 4);
  expect(marks.lineOf(5)).toBe(1);
  await write("x\r\n".repeat(20));
  expect(marks.lineOf(5)).toBe(null);
  expect([...marks.seqs]).toEqual([]);
});

test("nothing is left of them when the terminal begins anew", async () => {
  const { terminal, marks, write, changes } = marked();
  await write(`${mark(5)}five\r\n`);
  marks.clear();
  terminal.reset();
  expect([...marks.seqs]).toEqual([]);
  await write(`${mark(5)}five\r\n`);
  expect(marks.lineOf(5)).toBe(0);
  expect(changes()).toBeGreaterThan(2);
});

test("a terminal of another page's size is shown whole, in letters no larger than the page's own", () => {
  expect(letterboxFont(13, { columns: 80, rows: 24 }, { columns: 60, rows: 20 })).toBe(13);
  expect(letterboxFont(13, { columns: 48, rows: 50 }, { columns: 80, rows: 24 })).toBe(7.5);
  expect(letterboxFont(13, { columns: 200, rows: 12 }, { columns: 80, rows: 24 })).toBe(6.5);
  expect(letterboxFont(13, { columns: 10, rows: 4 }, { columns: 300, rows: 90 })).toBe(5);
});

test("a link of the terminal leads to the web or to mail, never to a script or a file", () => {
  expect(["https://example.org/a?b", "http://127.0.0.1:8000", "mailto:a@example.org"].every(isSafeLink)).toBe(true);
  const others = ["javascript:alert(1)", " javascript:alert(1)", "data:text/html,x", "file:///etc/passwd", "vscode://x", "/etc", ""];
  expect(others.filter(isSafeLink)).toEqual([]);
});

test("nothing that is pasted ends the paste, or is a key", () => {
  expect(pasted("a\tb\r\nc\n漢字 👩‍💻")).toBe("a\tb\r\nc\n漢字 👩‍💻");
  expect(pasted("safe\u001b[201~\u0003rm -rf ~\r\u009b201~\u007f")).toBe("safe[201~rm -rf ~\r201~");
});
