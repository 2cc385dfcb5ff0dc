import { beforeAll, expect, test, vi } from "vitest";

import { device } from "../../src/app/device";
import type { SessionRow } from "../../src/wire";
import { ago } from "../../src/ui/ago";
import { plain } from "../../src/ui/plain_text";

type Sessions = typeof import("../../src/app/sessions");
type States = typeof import("../../src/app/states");
type Attention = typeof import("../../src/app/attention");

let [sessions, states, attention] = [] as unknown as [Sessions, States, Attention];

beforeAll(async () => {
  vi.stubGlobal("location", { hash: "", pathname: "/", search: "" });
  vi.stubGlobal("document", { baseURI: "http://127.0.0.1/" });
  sessions = await import("../../src/app/sessions");
  states = await import("../../src/app/states");
  attention = await import("../../src/app/attention");
  return () => vi.unstubAllGlobals();
});

const row = (key: string, more: Partial<SessionRow> = {}): SessionRow => ({
  key,
  session_id: key,
  title: key,
  cwd: "/home/mia/shop",
  program: "qwen-dual",
  model: "m",
  mode: "default",
  state: "idle",
  waiting: 0,
  terminal: true,
  started_at: 0,
  clients: 1,
  ...more,
});

test("those that wait for the person come first, those that have ended last, else the newest first", () => {
  const found = sessions.order([
    row("old", { started_at: 1 }),
    row("over", { started_at: 9, state: "ended", waiting: 1 }),
    row("new", { started_at: 5, state: "thinking" }),
    row("waits", { started_at: 2, waiting: 1 }),
    row("asks", { started_at: 3, state: "awaiting_approval" }),
  ]);
  expect(found.map(({ key }) => key)).toEqual(["asks", "waits", "new", "old", "over"]);
});

test("a state is a word and a colour, one that nobody knows yet too", () => {
  expect(states.stateOf(row("a"))).toEqual({ words: "ready", tone: "good" });
  expect(states.stateOf(row("a", { state: "running_tool" }))).toEqual({ words: "running a tool", tone: "work" });
  expect(states.stateOf(row("a", { waiting: 2 }))).toEqual({ words: "waits for you (2)", tone: "warn" });
  expect(states.stateOf(row("a", { state: "ended", waiting: 2 })).tone).toBe("quiet");
  expect(states.stateOf(row("a", { state: "dreaming_aloud" })).words).toBe("dreaming aloud");
});

test("folders are told apart by their last parts", () => {
  expect(["/", "/srv", "/home/mia/shop"].map((path) => states.shortPath(path))).toEqual(["/", "/srv", "…/mia/shop"]);
});

test("what is news: a session waits, waits for more, is done, or has ended, and nothing twice", () => {
  const before = [row("a", { state: "thinking" }), row("b", { waiting: 1 }), row("c"), row("d", { state: "starting" })];
  const after = [row("a"), row("b", { waiting: 2 }), row("c", { state: "ended" }), row("d"), row("e", { waiting: 1 })];
  expect(attention.news(before, after).map(({ key, words }) => `${key}: ${words}`)).toEqual([
    "a: Is done.",
    "b: Waits for you.",
    "c: Has ended.",
  ]);
  expect(attention.news(after, after)).toEqual([]);
});

test("the window's title says first that something waits", () => {
  const waiting = [row("a"), row("b", { waiting: 1 })];
  expect(attention.titleOf(null, [], false)).toBe("qwen-dual");
  expect(attention.titleOf(row("a"), [row("a")], false)).toBe("a · qwen-dual");
  expect(attention.titleOf(row("a"), waiting, true)).toBe("(1) waits: a · qwen-dual");
  expect(attention.titleOf(row("a"), [row("a")], true)).toBe("* a · qwen-dual");
  expect(attention.titleOf(row("\u202e\u001b[2Jx", { title: "a\u202eb\u001b]0;c" }), [], false)).toBe("a b ]0;c · qwen-dual");
});

test("an address names a session, and only that", () => {
  expect(sessions.keyOf(sessions.addressOf("a&b=c#d"))).toBe("a&b=c#d");
  expect(["", "#", "#session=", "#token=x"].map(sessions.keyOf)).toEqual([null, null, null, null]);
});

test("a browser is told from others by its name and its system", () => {
  const chrome = "Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/156.0.0.0 Mobile Safari/537.36";
  const safari = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 Version/18.0 Mobile/15E148 Safari/604.1";
  expect([chrome, `${chrome} Edg/156`, safari, "curl"].map(device)).toEqual([
    "Chrome on Android",
    "Edge on Android",
    "Safari on iPhone",
    "Browser",
  ]);
});

test("what others wrote becomes one line of what can be seen", () => {
  expect(plain("  a\n\tb\u0000c\u202ed\u200be\u2066f ")).toBe("a b c d e f");
  expect(plain("x".repeat(300), 10)).toBe(`${"x".repeat(9)}…`);
  expect(plain("👩‍💻漢字")).toBe("👩 💻漢字");
});

test("how long ago it was, in a few words", () => {
  const times = [0, 12, 100, 3700, 90_000, 4e7].map((seconds) => ago(1e9 - seconds, 1e9));
  expect(times).toEqual(["just now", "12 s ago", "1 min ago", "1 h ago", "1 d ago", "462 d ago"]);
});
