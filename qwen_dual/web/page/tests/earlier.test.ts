import { expect, test } from "vitest";

import { entriesOf, untold } from "../src/chat/earlier";
import { apply, begin } from "../src/conversation/apply";
import { recorded } from "./recordings";

const EXPORTED = [
  '{"type":"session","sessionId":"s"}',
  '{"type":"user","text":"one"}',
  '{"type":"thinking","text":"hm"}',
  '{"type":"assistant","text":"**1**"}',
  "torn {",
  '{"type":"user","text":"two"}',
  '{"type":"tool","name":"run_shell_command","input":{"command":"ls"},"result":"a","isError":true}',
  '{"type":"user","text":"three"}',
].join("\n");

const words = (told: number) =>
  entriesOf(EXPORTED, told).map((entry) =>
    entry.kind === "tool" ? `${entry.name} ${entry.state}` : "text" in entry ? entry.text : "source" in entry ? entry.source : "",
  );

test("what was said before, up to the prompts that are there already", () => {
  expect(words(0)).toEqual(["one", "hm", "**1**", "two", "run_shell_command failed", "three"]);
  expect(words(2)).toEqual(["one", "hm", "**1**"]);
  expect(words(3)).toEqual([]);
  expect(words(9)).toEqual([]);
});

test("its keys are none that a conversation gives", () => {
  const keys = entriesOf(EXPORTED, 1).map((entry) => entry.key);
  expect(new Set(keys).size).toBe(keys.length);
  expect(Math.max(...keys)).toBeLessThan(0);
});

test("prompts that the program knows and the page does not", () => {
  const conversation = apply(begin(), recorded("web/streams/tools.jsonl"));
  const prompts = conversation.entries.flatMap((entry) => (entry.kind === "prompt" ? [entry.uuid] : []));
  const point = (uuid: string) => ({ uuid, text: "", timestamp: null, changed: 0 });
  const points = (uuids: string[], earlier: number) => ({
    ...conversation,
    rewindPoints: { points: uuids.map(point), earlier, undo: null, unavailable: "" },
  });
  expect(untold(conversation)).toBe(0);
  expect(untold(points(prompts, 0))).toBe(0);
  expect(untold(points(["other", ...prompts], 3))).toBe(4);
});
