import { expect, test } from "vitest";

import { news } from "../src/chat/news";
import { apply, begin } from "../src/conversation/apply";
import type { Conversation } from "../src/conversation/types";
import type { ChatMessage, ProgramEvent } from "../src/wire";
import { recorded } from "./recordings";

const live: ChatMessage = { type: "web", subtype: "replayed" };

/** All that is said while a session goes on. */
function heard(events: readonly ProgramEvent[], frame: number, me = ""): string[] {
  let conversation: Conversation = apply(begin(), [live]);
  const said: string[] = [];
  for (let at = 0; at < events.length; at += frame) {
    const next = apply(conversation, events.slice(at, at + frame));
    said.push(...news(conversation, next, me));
    conversation = next;
  }
  return said;
}

test.each([1, 40])("each thing is said once, in frames of %d", (frame) => {
  const said = heard(recorded("web/streams/tools.jsonl"), frame);
  expect(said.filter((words) => words === "write new.txt: one")).toHaveLength(1);
  expect(said.filter((words) => words.startsWith("Write new.txt, done"))).toHaveLength(1);
  expect(said.filter((words) => words.startsWith("Shell touch denied, not allowed"))).toHaveLength(1);
  expect(said.filter((words) => words.startsWith("I will run touch denied"))).toHaveLength(1);
});

test("what was told before is not said", () => {
  const events = recorded("web/streams/tools.jsonl");
  const before = apply(begin(), events);
  expect(news(before, apply(before, [live]))).toEqual([]);
});

test("what somebody typed here is not read to them", () => {
  const events = recorded("web/streams/session.jsonl").map((event) =>
    event["origin"] === "input" ? { ...event, origin: "host:desk" } : event,
  );
  expect(heard(events, 1, "desk")).not.toContain("say 5 words");
  expect(heard(events, 1, "phone")).toContain("say 5 words");
});
