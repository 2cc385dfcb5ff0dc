import { describe, expect, test } from "vitest";

import { cut, GOOD, MOST, type Part } from "../src/conversation/parts";

const paragraph = "some words of an answer that goes on. ".repeat(12);
const rows = Array.from({ length: 400 }, (_, row) => `| row ${row} | ${"x".repeat(20)} |`).join("\n");
const lines = Array.from({ length: 900 }, (_, row) => `    call(${row})`).join("\n");

const TEXTS: Record<string, string> = {
  paragraphs: Array(30).fill(paragraph).join("\n\n"),
  "a list": Array.from({ length: 200 }, (_, item) => `${item + 1}. ${paragraph.slice(0, 60)}`).join("\n"),
  "a loose list": Array.from({ length: 100 }, (_, item) => `- ${paragraph}\n\n  goes on ${item}`).join("\n\n"),
  "code that is long": `Look:\n\n\`\`\`python\n${lines}\n\`\`\`\n\nDone.`,
  "a table that is long": `| a | b |\n|---|---|\n${rows}\n\nDone.`,
  "one line without a blank": "x".repeat(30_000),
  "one line of halves": "\u{1f600}".repeat(10_000),
  "headings and code": Array(20).fill(`# Title\n${paragraph}\n\`\`\`\ncode\n\n# no title\n\`\`\``).join("\n"),
};

function whole(text: string): readonly Part[] {
  return cut({ source: text, prefix: "" });
}

/** The same text in pieces of so many characters. */
function streamed(text: string, size: number): readonly Part[] {
  const done: Part[] = [];
  let open: Part = { source: "", prefix: "" };
  for (let at = 0; at < text.length; at += size) {
    const parts = cut({ ...open, source: open.source + text.slice(at, at + size) });
    done.push(...parts.slice(0, -1));
    open = parts.at(-1) as Part;
  }
  return [...done, open];
}

describe.each(Object.entries(TEXTS))("%s", (_name, text) => {
  test("its parts are the whole, and none is long", () => {
    const parts = whole(text);
    expect(parts.map((part) => part.source).join("")).toBe(text);
    for (const part of parts) expect(part.source.length).toBeLessThanOrEqual(MOST);
  });

  test.each([97, 1_000])("it is cut the same in pieces of %d", (size) => {
    expect(streamed(text, size)).toEqual(whole(text));
  });
});

test("what is short is not cut", () => {
  expect(whole("one\n\ntwo")).toHaveLength(1);
  expect(whole(`${"x".repeat(GOOD)}\n\ntwo\n`)).toHaveLength(2);
});

test("code that goes on begins with the line that opened it, and ends where it ends", () => {
  const parts = whole(TEXTS["code that is long"] as string);
  expect(parts.length).toBeGreaterThan(1);
  expect(parts[1]?.prefix).toBe("```python\n");
  expect(whole(`\`\`\`\n${lines}\n\`\`\`\n\n${paragraph.repeat(20)}\n\nend`).at(-1)?.prefix).toBe("");
});

test("a table that goes on begins with its head", () => {
  expect(whole(TEXTS["a table that is long"] as string)[1]?.prefix).toBe("| a | b |\n|---|---|\n");
});

test("a character is never cut in two", () => {
  for (const { source } of whole(TEXTS["one line of halves"] as string)) {
    expect(source).not.toMatch(/^[\udc00-\udfff]|[\ud800-\udbff]$/);
  }
});
