/** What was said in a session before this page's events begin: in earlier runs of it, before it was resumed. */

import { type ReadonlySignal, signal } from "@preact/signals";

import type { Session } from "../app/session";
import { data, text } from "../conversation/reading";
import type { Conversation, Entry, PromptEntry, TextEntry, ToolEntry } from "../conversation/types";
import { uuid } from "../net/outbox";
import { changeOf } from "./earlier_changes";

/** How many prompts the program knows that are not among the entries. */
export function untold({ rewindPoints, entries }: Conversation): number {
  if (rewindPoints === null) return 0;
  const told = new Set(entries.map((entry) => (entry.kind === "prompt" ? entry.uuid : "")));
  return (rewindPoints.earlier ?? 0) + rewindPoints.points.filter((point) => !told.has(point.uuid)).length;
}

/** The entries of an exported session (JSON Lines), up to its last `told` prompts, which are there already. */
export function entriesOf(exported: string, told: number): Entry[] {
  const records = exported.split("\n").flatMap((line) => {
    try {
      return line === "" ? [] : [data(JSON.parse(line))];
    } catch {
      return [];
    }
  });
  const prompts = records.flatMap((record, at) => (record["type"] === "user" ? [at] : []));
  const end = told === 0 ? records.length : (prompts.at(-told) ?? 0);
  const entries = records.slice(0, end).flatMap((record) => entryOf(record) ?? []);
  // Before all keys that a conversation gives.
  return entries.map((entry, at) => ({ ...entry, key: at - entries.length }));
}

const COMMON = { key: 0, seq: 0 } as const;

function entryOf(record: Readonly<Record<string, unknown>>): Entry | null {
  const said = text(record["text"]);
  switch (record["type"]) {
    case "user":
      return {
        ...COMMON,
        kind: "prompt",
        uuid: "",
        text: said,
        images: [],
        by: { origin: "", name: "" },
        commandId: "",
        steered: false,
        proposed: null,
        submittedBy: null,
      } satisfies PromptEntry;
    case "assistant":
    case "thinking": {
      const kind = record["type"] === "assistant" ? "text" : "thinking";
      const part = { block: 0, part: 0, prefix: "", open: false, failure: false };
      return { ...COMMON, ...part, kind, source: said } satisfies TextEntry;
    }
    case "tool": {
      const isError = record["isError"] === true;
      return {
        ...COMMON,
        kind: "tool",
        began: 0,
        id: "",
        name: text(record["name"]),
        state: isError ? "failed" : "done",
        input: data(record["input"]),
        argumentChars: 0,
        about: "",
        output: "",
        preview: isError ? null : changeOf(text(record["name"]), data(record["input"]), text(record["result"])),
        asked: null,
        result: { text: text(record["result"]), images: [], isError, outcome: {} },
        todos: null,
        agent: false,
      } satisfies ToolEntry;
    }
    default:
      return null;
  }
}

/** The exported session, part by part; null where the program gives none. */
export async function exported(session: Session): Promise<string | null> {
  const parts: string[] = [];
  for (let count = 1, part = 0; part < count; part += 1) {
    const id = uuid();
    const answer = new Promise<Readonly<Record<string, unknown>>>((resolve) => {
      const stop = session.listen((items) => {
        for (const item of items) {
          const told = item.type === "system" && item.subtype === "export" ? data(item["data"]) : null;
          if (told?.["command_id"] !== id) continue;
          stop();
          resolve(told);
        }
      });
    });
    const receipt = await session.send({ type: "export", format: "jsonl", part, id });
    if (receipt.status === "rejected") return null;
    const told = await answer;
    count = Number(told["parts"]);
    parts.push(text(told["text"]));
  }
  return parts.join("");
}

/** A conversation with what came before it, as long as it is the same one. */
export class Earlier {
  readonly loading = signal(false);
  private readonly found = signal<{ of: string; entries: readonly Entry[] } | null>(null);
  private joined: { of: readonly Entry[]; entries: readonly Entry[] } = { of: [], entries: [] };

  constructor(private readonly session: Session) {}

  /** Whether it has what came before. */
  has(conversation: Conversation): boolean {
    return this.found.value?.of === nameOf(conversation);
  }

  with(conversation: Conversation): Conversation {
    const found = this.found.value;
    if (found === null || found.of !== nameOf(conversation)) return conversation;
    if (this.joined.of !== conversation.entries) {
      this.joined = { of: conversation.entries, entries: [...found.entries, ...conversation.entries] };
    }
    return { ...conversation, entries: this.joined.entries };
  }

  /** Gets it; false where the program gives nothing. */
  async load(conversations: ReadonlySignal<Conversation>): Promise<boolean> {
    this.loading.value = true;
    try {
      const text = await exported(this.session);
      const conversation = conversations.peek();
      const told = conversation.entries.filter((entry) => entry.kind === "prompt" && entry.by.origin !== "agent");
      this.joined = { of: [], entries: [] };
      if (text !== null) this.found.value = { of: nameOf(conversation), entries: entriesOf(text, told.length) };
      return text !== null;
    } finally {
      this.loading.value = false;
    }
  }
}

/** Another one after each step back, which may take away what came before. */
function nameOf({ sessionId, entries }: Conversation): string {
  const back = entries.findLast((entry) => entry.kind === "rewound");
  return `${sessionId} ${back?.key ?? 0}`;
}
