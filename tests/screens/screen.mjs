// Plays what a program wrote to xterm.js and tells what it shows at each moment.
// In: {"rows", "cols", "steps": [{"data": base64} or {"rows", "cols"}]}
// Out: for each step {"lines": scrollback and window, "window", "cursor": [row, column]}
import { createRequire } from "node:module";
import { readFileSync } from "node:fs";

const require = createRequire(`${process.argv[2]}/`);
const { Terminal } = require("@xterm/headless");

const asked = JSON.parse(readFileSync(0, "utf8"));
const terminal = new Terminal({
  rows: asked.rows,
  cols: asked.cols,
  scrollback: 100000,
  allowProposedApi: true,
});

function shown() {
  const buffer = terminal.buffer.active;
  const row = (y) => (buffer.getLine(y)?.translateToString(true) ?? "").trimEnd();
  const lines = Array.from({ length: buffer.length }, (_, y) => row(y));
  return {
    lines,
    window: lines.slice(buffer.baseY, buffer.baseY + terminal.rows),
    cursor: [buffer.cursorY, buffer.cursorX],
  };
}

const told = [];
for (const step of asked.steps) {
  if (step.data === undefined) {
    terminal.resize(step.cols, step.rows);
  } else {
    await new Promise((done) => terminal.write(Buffer.from(step.data, "base64"), done));
  }
  told.push(shown());
}
process.stdout.write(JSON.stringify(told));
