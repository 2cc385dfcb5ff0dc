import { expect, test } from "vitest";

import { runs } from "../src/chat/ansi";
import { some } from "../src/chat/output";

const looks = (text: string) => runs(text).map((run) => [run.text, run.look]);

test("the sixteen colours and what ends them", () => {
  expect(looks("a\u001b[31mred\u001b[1m bold\u001b[0m b")).toEqual([
    ["a", ""],
    ["red", "ansi-red"],
    [" bold", "ansi-red ansi-bold"],
    [" b", ""],
  ]);
  expect(looks("\u001b[92mx\u001b[39my")).toEqual([["x", "ansi-green"], ["y", ""]]);
});

test("other colours become the nearest, and grounds are left out", () => {
  expect(looks("\u001b[38;5;196mx\u001b[48;5;21my")).toEqual([["x", "ansi-red"], ["y", "ansi-red"]]);
  expect(looks("\u001b[38;2;10;200;10mx")).toEqual([["x", "ansi-green"]]);
});

test("what hides, moves, names a window or breaks off is left out", () => {
  expect(looks("a\u001b[8mb\u001b[2Kc\u001b]0;title\u0007d\u001b[3")).toEqual([["a", ""], ["bcd", ""]]);
});

test("the last lines, and how many there are besides", () => {
  expect(some("1\n2\n3\n4\n\n", 2, "end")).toEqual({ shown: "3\n4", left: 2 });
  expect(some("1\n2\n3", 2, "begin")).toEqual({ shown: "1\n2", left: 1 });
  expect(some("", 2, "end")).toEqual({ shown: "", left: 0 });
});
