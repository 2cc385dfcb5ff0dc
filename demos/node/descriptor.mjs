// @ts-check
// A Node embedder in a terminal of its own: the program takes the terminal, the session is a private socket.
//   node descriptor.mjs PROMPT               (QWEN_DUAL names the command, "qwen-dual" unless set)
import { spawn } from "node:child_process";
import { createInterface } from "node:readline";

const [file, ...args] = (process.env.QWEN_DUAL ?? "qwen-dual").split(" ");
const child = spawn(file, [...args, "--json-fd", "3", "--input-fd", "3"], {
  stdio: ["inherit", "inherit", "inherit", "pipe"], // a "pipe" of Node's is a socket: it carries both directions
});
const channel = /** @type {import("node:net").Socket} */ (child.stdio[3]);
/** @type {string[]} */
const told = [];

/** @param {object} command */
const send = (command) => channel.write(JSON.stringify(command) + "\n");

createInterface({ input: channel }).on("line", (line) => {
  const event = JSON.parse(line);
  if (event.type === "system" && event.subtype === "session_start") {
    send({ type: "submit", text: process.argv[2] ?? "say 3 words", id: "first" });
  } else if (event.type === "control_request") {
    send({ type: "confirmation_response", request_id: event.request_id, allowed: false });
  } else if (event.type === "result" && event.command_id === "first") {
    told.push(`result: ${event.stop_reason} ${JSON.stringify(event.result)}`);
    send({ type: "submit", text: "/quit" });
  } else if (event.type === "system" && event.subtype === "session_end") {
    told.push("ended in order");
  }
});
channel.on("error", () => {}); // the program is gone, which "close" tells
child.on("close", (status) => console.log(`${told.join("\n")}\nexit ${status}`));
