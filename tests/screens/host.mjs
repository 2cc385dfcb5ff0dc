// xterm.js as a live terminal. In: one request a line. Out: one answer a line.
// {"data": base64} -> {"reply": what the terminal says to it}; {"rows", "cols"} -> {};
// {"show": true} -> {"lines": scrollback and window, rows that were wrapped joined}
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
    answer = { lines: lines() };
  } else if (asked.data === undefined) {
    terminal.resize(asked.cols, asked.rows);
  } else {
    await new Promise((done) => terminal.write(Buffer.from(asked.data, "base64"), done));
    answer = { reply };
    reply = "";
  }
  process.stdout.write(`${JSON.stringify(answer)}\n`);
}
