import { expect, test } from "vitest";

import { foldsOf, patternOf, Search } from "../src/chat/search";
import { apply, begin } from "../src/conversation/apply";
import { recorded } from "./recordings";

const found = (stream: string, words: string): string[] => {
  const conversation = apply(begin(), recorded(stream));
  const pattern = patternOf(words);
  return pattern === null ? [] : new Search().find(pattern, conversation.entries, conversation).map((entry) => entry.kind);
};

test("words are found in any case where they are folded or in a change, and nothing is a pattern", () => {
  expect(found("web/streams/tools.jsonl", "GOOD DAY")).toContain("tool");
  expect(found("web/streams/tools.jsonl", "*.py")).toContain("prompt");
  expect(found("web/streams/tools.jsonl", "gr..t.py")).toEqual([]);
  expect(found("web/streams/tools.jsonl", "")).toEqual([]);
});

test("what a sub-agent said is found in the call that it works for, which is opened", () => {
  const conversation = apply(begin(), recorded("web/streams/agents.jsonl"));
  const [lane] = [...conversation.lanes.values()];
  const said = lane?.entries.find((entry) => entry.kind === "tool" || entry.kind === "text");
  const words = said?.kind === "tool" ? String(Object.values(said.input ?? {})[0]) : said?.kind === "text" ? said.source.slice(0, 30) : "";
  const pattern = patternOf(words.split("\n")[0] ?? "");
  const entries = pattern === null ? [] : new Search().find(pattern, conversation.entries, conversation);
  const call = entries.find((entry) => entry.kind === "tool" && entry.id === lane?.id);
  expect(call && foldsOf(call)).toContain(`lane-${call?.key}`);
});
