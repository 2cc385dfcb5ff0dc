import { expect, test } from "vitest";
import { pieces, type Reading, stillVisible, visible } from "../../src/requests/visible";
import cases from "./visible_cases.json";

// What `qwen_dual.protocol.visible` gives for each: tests/web/test_same_escapes.py holds the file to it.
test.each(cases as [string, Reading, string][])("%j as %s shows what the terminal shows", (text, reading, shown) => {
  expect(visible(text, reading)).toBe(shown);
});

test("an escape is known as one, and a text that imitates it is not", () => {
  expect(pieces("a\x1b", "code")).toEqual([
    { text: "a", odd: null },
    { text: "⟨ESC⟩", odd: "control" },
  ]);
  expect(pieces("⟨ESC⟩", "code")[0]).toEqual({ text: "⟨U+27E8⟩", odd: "mark" });
});

test("what was made visible already is left, and what was not is escaped", () => {
  expect(stillVisible("hidden: ⟨U+200B⟩ and \u202e ⟨x⟩", "prose")).toBe("hidden: ⟨U+200B⟩ and ⟨U+202E⟩ ⟨U+27E8⟩x⟩");
});
