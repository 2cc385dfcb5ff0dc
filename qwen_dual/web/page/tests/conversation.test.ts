import { describe, expect, test } from "vitest";

import { apply, begin } from "../src/conversation/apply";
import type { Conversation, Entry } from "../src/conversation/types";
import type { ChatMessage, ProgramEvent } from "../src/wire";
import { recorded, recordings } from "./recordings";

type Item = ProgramEvent | ChatMessage;

/** What a conversation shows, in a few words an entry. */
function told(conversation: Conversation, entries = conversation.entries): string[] {
  return entries.map((entry) => {
    switch (entry.kind) {
      case "prompt":
        return `prompt ${entry.text.slice(0, 40)}`;
      case "text":
      case "thinking":
        return `${entry.kind} ${entry.source.slice(0, 40)}`;
      case "tool":
        return `tool ${entry.name} ${entry.state}`;
      case "end":
        return `end ${entry.reason}`;
      default:
        return entry.kind;
    }
  });
}

/** A conversation without what says how it came about. */
function plain(conversation: Conversation): unknown {
  const without = (entries: readonly Entry[]): unknown[] =>
    entries.map((entry) => {
      const { key: _key, seq: _seq, ...rest } = entry as Entry & { block?: number };
      return { ...rest, block: 0, began: 0, taken: "taken" in rest ? without(rest.taken) : undefined };
    });
  const { inner: _inner, seq: _seq, live: _live, epoch: _epoch, ...rest } = conversation;
  return {
    ...rest,
    entries: without(conversation.entries),
    lanes: [...conversation.lanes.values()].map((lane) => ({ ...lane, entries: without(lane.entries) })),
  };
}

const hello = (whole: boolean, epoch = "a"): ChatMessage => ({
  type: "web",
  subtype: "hello",
  key: "k",
  epoch,
  whole,
  lost: 0,
  name: "desk",
  rights: ["observe"],
  terminal: true,
  supported_commands: [],
  program: "qwen-dual",
});

const live: ChatMessage = { type: "web", subtype: "replayed" };

describe.each(recordings)("%s", (path) => {
  const events = recorded(path);

  test("it is the same however it is cut into frames, and no beginning of it fails", () => {
    const whole = plain(apply(begin(), events));
    let stepped = begin();
    for (const event of events) {
      stepped = apply(stepped, [event]);
      expect(stepped.entries.length).toBeGreaterThanOrEqual(0);
    }
    expect(plain(stepped)).toEqual(whole);
  });

  test("told again without deltas and progress of what is finished it is the same", () => {
    const short = events.filter((event) => {
      const data = event["data"] as Record<string, unknown> | undefined;
      if (event.subtype === "tool_progress") return data !== undefined && "preview" in data;
      return (event["event"] as { type?: string } | undefined)?.type !== "content_block_delta";
    });
    const joined = apply(begin(), [hello(true), ...short, live]);
    expect(plain(joined)).toEqual(plain(apply(begin(), [hello(true), ...events, live])));
  });

  test("what is told twice is shown once", () => {
    if (events.some((event) => event.seq === undefined)) return;
    const once = apply(begin(), events);
    const again = apply(once, events.filter((event) => event.subtype !== "session_start"));
    expect(told(again)).toEqual(told(once));
  });

  test("an earlier conversation is not changed by a later one", () => {
    const half = apply(begin(), events.slice(0, events.length >> 1));
    const before = JSON.stringify(half.entries);
    apply(half, events.slice(events.length >> 1));
    expect(JSON.stringify(half.entries)).toBe(before);
    expect(plain(apply(half, events.slice(events.length >> 1)))).toEqual(plain(apply(begin(), events)));
  });

  test("whatever is missing or malformed in it, it does not fail", () => {
    for (const drop of ["message", "event", "data", "request", "response", "content"]) {
      const broken = events.map((event) => ({ ...event, [drop]: drop.length % 2 ? null : [1, "x", {}] }));
      expect(() => apply(begin(), broken as Item[])).not.toThrow();
    }
  });
});

test("another conversation begins with nothing of the last one, and says so", () => {
  const told = (seq: number, subtype: string, data: object): Item => ({ type: "system", subtype, seq, data }) as Item;
  const used = told(1, "usage", { context_tokens: 19_000, total: { input_tokens: 18_000, output_tokens: 1_000 } });
  const before = apply(begin(), [used]);
  expect(before.usage.contextTokens).toBe(19_000);
  const after = apply(before, [told(2, "session_changed", { from: "a", to: "b", origin: "host:web.desk" })]);
  expect(after.usage).toEqual(begin().usage);
  expect(after.entries).toMatchObject([{ kind: "change", what: "session", to: "b" }]);
});

test("a turn of Qwen Code's that is stopped while a tool runs is over, also when that is told twice", () => {
  const events = recorded("reference/tool_allowed.jsonl");
  const allowed = events.findIndex((event) => event.type === "control_response");
  const running = apply(begin(), events.slice(0, allowed + 1));
  expect(running.state).toBe("running_tool");
  expect(running.entries.at(-1)).toMatchObject({ kind: "tool", state: "running" });
  const stop = { type: "web", subtype: "turn_ended", reason: "interrupted" } as const;
  const over = apply(running, [stop, stop]);
  expect(over.state).toBe("idle");
  expect(over.entries.slice(-2)).toMatchObject([
    { kind: "tool", state: "dropped" },
    { kind: "end", reason: "interrupted" },
  ]);
});
