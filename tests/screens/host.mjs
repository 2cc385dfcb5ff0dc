// xterm.js as a live terminal. In: one request a line. Out: one answer a line.
// {"data": base64} -> {"reply": what the terminal says to it}; {"rows", "cols"} -> {};
// {"show": true} -> {"lines": scrollback and window, rows that were wrapped joined,
// "marked": for each event its number and the row that its mark stands in, "marks": how many came}
import { createRequire } from "node:module";
import { createInterface } from "node:readline";

const require = createRequire(`${process.argv[2]}/`);
const { Terminal } = require("@xterm/headless");

const terminal = new Terminal({
  rows: Number(process.argv[3]),
  cols: Number(process.argv[4]),
  scrollback: 100000,
  allowProposedApi: true,
});
let reply = "";
terminal.onData((data) => (reply += data));

// As docs/hosts.md has it: the first mark of an event is where it begins.
const markers = new Map();
let marks = 0;
terminal.parser.registerOscHandler(7502, (data) => {
  const seq = Number(data.replace("seq=", ""));
  if (!markers.has(seq)) markers.set(seq, terminal.registerMarker(0));
  marks += 1;
  return true;
});

function marked() {
  const at = (line) => terminal.buffer.active.getLine(line)?.translateToString(true) ?? null;
  return [...markers].map(([seq, marker]) => [seq, at(marker.line)]);
}

function lines() {
  const buffer = terminal.buffer.active;
  const found = [];
  for (let y = 0; y < buffer.length; y++) {
    const line = buffer.getLine(y);
    if (line.isWrapped && found.length) {
      found[found.length - 1] += line.translateToString(false);
    } else {
      found.push(line.translateToString(false));
    }
  }
  return found.map((line) => line.trimEnd());
}

for await (const line of createInterface({ input: process.stdin })) {
  const asked = JSON.parse(line);
  let answer = {};
  if (asked.show) {
    answer = { lines: lines(), marked: marked(), marks };
  } else if (asked.data === undefined) {
    terminal.resize(asked.cols, asked.rows);
  } else {
    await new Promise((done) => terminal.write(Buffer.from(asked.data, "base64"), done));
    answer = { reply };
    reply = "";
  }
  process.stdout.write(`${JSON.stringify(answer)}\n`);
}
