// @ts-check
// A Node embedder: the terminal through node-pty, the session through two files beside it.
//   npm install && node embed.mjs            (QWEN_DUAL names the command, "qwen-dual" unless set)
import { appendFileSync, closeSync, existsSync, mkdtempSync, openSync, readSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import pty from "node-pty";

/** @typedef {import("../../docs/schema/qwen-dual.d.ts").Event} Event */
/** @typedef {import("../../docs/schema/qwen-dual.d.ts").Command} Command */

const folder = mkdtempSync(join(tmpdir(), "embed-")); // mode 0700: whoever writes there runs commands as you
const [out, commands] = [join(folder, "events.jsonl"), join(folder, "commands.jsonl")];
writeFileSync(commands, "", { mode: 0o600 });
const [file, ...args] = (process.env.QWEN_DUAL ?? "qwen-dual").split(" ");
const terminal = pty.spawn(file, [...args, "--json-file", out, "--input-file", commands], { cols: 80, rows: 24 });
let painted = 0;
terminal.onData((data) => (painted += data.length)); // an IDE hands this to xterm.js

/** @param {Command} command */
const send = (command) => appendFileSync(commands, JSON.stringify(command) + "\n");

/** @param {Event} event */
function take(event) {
  if (event.type === "control_request") {
    const { tool_name, input } = event.request;
    console.log("asks:", tool_name, JSON.stringify(input));
    send({ type: "confirmation_response", request_id: event.request_id, allowed: tool_name === "run_shell_command" });
  } else if (event.type === "result" && event.command_id === "first") {
    console.log("result:", event.stop_reason, JSON.stringify(event.result));
    send({ type: "submit", text: "/quit" });
  } else if (event.type === "system" && event.subtype === "session_start") {
    console.log("session:", event.data.agent ?? "qwen", event.data.version);
    send({ type: "submit", text: "run touch from-node", id: "first" });
  } else if (event.type === "system" && event.subtype === "session_end") {
    console.log("ended in order");
  }
}

let [offset, half] = [0, Buffer.alloc(0)];
const timer = setInterval(() => {
  if (!existsSync(out)) return;
  const fd = openSync(out, "r");
  const block = Buffer.alloc(1 << 16);
  for (let size; (size = readSync(fd, block, 0, block.length, offset)) > 0; offset += size) {
    half = Buffer.concat([half, block.subarray(0, size)]);
    for (let end; (end = half.indexOf(10)) >= 0; half = half.subarray(end + 1)) take(JSON.parse(half.subarray(0, end).toString()));
  }
  closeSync(fd);
}, 20);
terminal.onExit(({ exitCode }) => setTimeout(() => {
  clearInterval(timer);
  rmSync(folder, { recursive: true });
  console.log(`exit ${exitCode}, ${painted > 0 ? "painted" : "nothing painted"}`);
}, 100));
