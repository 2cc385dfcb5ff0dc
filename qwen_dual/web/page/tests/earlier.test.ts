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

test("of a change what its arguments say is shown, and nothing where they do not say it", () => {
  const change = (name: string, input: object, result: string, isError = false) => {
    const record = { type: "tool", name, input: { file_path: "a.py", ...input }, result, isError };
    const [entry] = entriesOf(JSON.stringify(record), 0);
    return entry?.kind === "tool" ? (entry.preview?.files?.[0] ?? null) : null;
  };
  const edited = { old_string: "def a():\n    return 1\n", new_string: "def a():\n    return 2\n" };
  expect(change("edit", edited, "done")).toMatchObject({
    change: "modify",
    added: 1,
    removed: 1,
    hunks: [{ lines: [" def a():", "-    return 1", "+    return 2"] }],
  });
  expect(change("write_file", { content: "x\ny\n" }, "Successfully created and wrote to new file: a.py")).toMatchObject({
    change: "add",
    hunks: [{ lines: ["+x", "+y"] }],
  });
  expect(change("write_file", { content: "x" }, "Successfully overwrote file: a.py")).toBeNull();
  expect(change("edit", { ...edited, replace_all: true }, "done")).toBeNull();
  expect(change("edit", edited, "not found", true)).toBeNull();
});
