/**
 * The conversation as a file to keep: for reading, and for programs.
 *
 * The program's own document where it gives one, which has what was said before this page came; else what
 * the page knows.
 */

import type { Session } from "../app/session";
import type { Conversation, Entry, ToolEntry } from "../conversation/types";
import { ask } from "./ask";

const MAX_NAME = 40;

export type Form = "md" | "html" | "json";

const TYPES: Readonly<Record<Form, string>> = { md: "text/markdown", html: "text/html", json: "application/json" };

/** The forms that a session can be kept in. */
export function formsOf(session: Session): readonly Form[] {
  return gives(session) ? ["md", "html", "json"] : ["md", "json"];
}

/**
 * Has the browser save a session as a file.
 *
 * @throws Refused the program gives no document, and says why.
 */
export async function save(session: Session, form: Form): Promise<void> {
  const conversation = session.conversation.peek();
  const made = form === "json" ? asJson : asMarkdown;
  const text = gives(session) ? await documentOf(session, form) : made(conversation);
  download(fileName(conversation, form), text, TYPES[form]);
}

const gives = (session: Session): boolean => session.supports("export") && session.may("control");

/** The program's document, part after part: the first says how many there are. */
async function documentOf(session: Session, format: Form): Promise<string> {
  let text = "";
  for (let part = 0, parts = 1; part < parts; part++) {
    const told = await ask<{ text: string; parts: number }>(session, { type: "export", format, part }, "export");
    text += told.text;
    parts = told.parts;
  }
  return text;
}

export function asMarkdown(conversation: Conversation): string {
  const { greeting, model, sessionId } = conversation;
  const head = [
    `# ${titleOf(conversation)}`,
    "",
    `- session: ${code(sessionId)}`,
    ...(greeting.cwd ? [`- folder: ${code(greeting.cwd)}`] : []),
    ...(model ? [`- model: ${code(model)}`] : []),
  ];
  const parts = [head.join("\n"), ...conversation.entries.map(inMarkdown)];
  for (const lane of conversation.lanes.values()) {
    const title = `## Sub-agent ${lane.name || "without a name"}${lane.description ? `: ${oneLine(lane.description)}` : ""}`;
    parts.push(title, ...lane.entries.map(inMarkdown));
  }
  return `${parts.filter(Boolean).join("\n\n")}\n`;
}

export function asJson(conversation: Conversation): string {
  const { sessionId, greeting, model, mode, usage, entries, lanes } = conversation;
  const kept = {
    session_id: sessionId,
    cwd: greeting.cwd ?? null,
    model,
    mode,
    usage,
    entries,
    lanes: Array.from(lanes.values()),
  };
  return `${JSON.stringify(kept, null, 2)}\n`;
}

/** A name for the file that any system takes. */
export function fileName(conversation: Conversation, ending: string): string {
  const words = titleOf(conversation)
    .replaceAll(/[^\p{L}\p{N}]+/gu, "-")
    .replaceAll(/^-|-$/g, "");
  return `${[...words].slice(0, MAX_NAME).join("") || "conversation"}.${ending}`;
}

function download(name: string, text: string, type: string): void {
  const url = URL.createObjectURL(new Blob([text], { type: `${type};charset=utf-8` }));
  const link = document.createElement("a");
  link.href = url;
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(url), 60_000);
}

function titleOf({ entries }: Conversation): string {
  const first = entries.find((entry) => entry.kind === "prompt");
  return oneLine(first?.kind === "prompt" ? first.text : "").slice(0, 80) || "Conversation";
}

function inMarkdown(entry: Entry, index: number, entries: readonly Entry[]): string {
  switch (entry.kind) {
    case "prompt":
      return `## Prompt${entry.by.name ? ` of ${entry.by.name}` : ""}\n\n${quoted(entry.text)}`;
    case "command":
      return `## ${code(`/${entry.command} ${entry.args}`.trim())}`;
    case "text":
    case "thinking": {
      // Parts of one block follow each other: their sources, one after the other, are its text.
      const before = entries[index - 1];
      if (before?.kind === entry.kind && before.block === entry.block) return "";
      let text = "";
      for (const part of entries.slice(index)) {
        if (part.kind !== entry.kind || part.block !== entry.block) break;
        text += part.source;
      }
      return entry.kind === "text" ? text.trim() : `Thought:\n\n${quoted(text.trim())}`;
    }
    case "tool":
      return toolInMarkdown(entry);
    case "notice":
      return `${entry.level === "info" ? "Note" : entry.level}:\n\n${fenced(entry.text)}`;
    case "change":
      return `The ${entry.what} is ${code(entry.to)} now.`;
    case "compact":
      return entry.summary ? `Summary of what came before:\n\n${quoted(entry.summary)}` : "";
    case "end":
      return entry.error ? `Failed: ${oneLine(entry.error.message)}` : "";
    case "gap":
      return `(${entry.count} events are missing here.)`;
    default:
      return "";
  }
}

function toolInMarkdown(entry: ToolEntry): string {
  const parts = [`### ${oneLine(entry.name)}${entry.about ? ` ${code(entry.about)}` : ""}`];
  if (entry.preview?.text) parts.push(fenced(entry.preview.text, entry.preview.kind === "diff" ? "diff" : ""));
  if (entry.asked?.allowed === false) {
    parts.push(`Not allowed${entry.asked.reason ? `: ${oneLine(entry.asked.reason)}` : "."}`);
  }
  if (entry.result?.text) parts.push(fenced(entry.result.text));
  return parts.join("\n\n");
}

/** A block that the text within cannot end: its fence is longer than any in it. */
function fenced(text: string, language = ""): string {
  const longest = Math.max(0, ...Array.from(text.matchAll(/`{3,}/g), (match) => match[0].length));
  const fence = "`".repeat(Math.max(3, longest + 1));
  return `${fence}${language}\n${text.replace(/\n$/, "")}\n${fence}`;
}

function code(text: string): string {
  const plain = oneLine(text);
  const longest = Math.max(0, ...Array.from(plain.matchAll(/`+/g), (match) => match[0].length));
  const fence = "`".repeat(longest + 1);
  return longest ? `${fence} ${plain} ${fence}` : `${fence}${plain}${fence}`;
}

function quoted(text: string): string {
  return text
    .split("\n")
    .map((line) => (line ? `> ${line}` : ">"))
    .join("\n");
}

function oneLine(text: string): string {
  return text.replaceAll(/\s+/g, " ").trim();
}
