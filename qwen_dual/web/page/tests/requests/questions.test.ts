import { expect, test } from "vitest";
import { answered, pageToOpen, preset, problemOf, questionsIn } from "../../src/requests/questions";

const one = (asked: object) => questionsIn({ questions: [{ question: "Which?", ...asked }] })[0]!;
const own = (text: string) => ({ picked: [], own: text });

test("several questions are answered at once, each by its words", () => {
  const input = {
    questions: [
      { question: "Which database?", header: "Store", options: [{ label: "SQLite" }, { label: "Postgres" }] },
      { question: "Which tests?", multiSelect: true, options: ["unit", "web"] },
      { question: "Its name?" },
    ],
  };
  const questions = questionsIn(input);
  const filled = [{ picked: ["SQLite"], own: "" }, { picked: ["web", "unit"], own: "fuzz" }, own("x")];
  expect(answered(input, questions, filled)).toEqual({
    ...input,
    answers: { "Which database?": "SQLite", "Which tests?": "unit, web, fuzz", "Its name?": "x" },
  });
});

test("what is malformed is left out", () => {
  expect(questionsIn({ questions: [null, 3, { question: 4 }, { question: "a", options: [{}, 5] }] })).toHaveLength(1);
  expect(questionsIn({})).toEqual([]);
});

test("own words beside options unless only those count", () => {
  expect(one({ options: ["a"] }).free).toBe(true);
  expect(one({ options: ["a"], free: false }).free).toBe(false);
});

test.each([
  [{}, "", "Something is needed here."],
  [{ optional: true }, "", null],
  [{ answer: { type: "integer", minimum: 1, maximum: 9 } }, "10", "It is to be a whole number from 1 to 9."],
  [{ answer: { type: "integer", minimum: 1 } }, "1.5", "It is to be a whole number of 1 or more."],
  [{ answer: { type: "number", maximum: 2 } }, "1.5", null],
  [{ answer: { minLength: 3 } }, "ab", "It is to have 3 to 10000 characters, and has 2."],
  [{ answer: { format: "email" } }, "x", "It is to be an e-mail address."],
  [{ answer: { format: "date" } }, "2026-11-26", null],
  [{ answer: { format: "date-time" } }, "2026-11-26", "It is to be a time such as 2026-11-26T09:30:00Z."],
])("an answer to %j of %j", (asked, answer, problem) => {
  expect(problemOf(one(asked), own(answer))).toBe(problem);
});

test("a default stands there already", () => {
  expect(preset(one({ options: ["a", "b"], default: "b" }))).toEqual({ picked: ["b"], own: "" });
  expect(preset(one({ options: ["a", "b"], multiSelect: true, default: "a, b" })).picked).toEqual(["a", "b"]);
  expect(preset(one({ default: "5" }))).toEqual(own("5"));
});

test("only a page of the web is opened", () => {
  expect(pageToOpen({ url: "https://example.org/x" })).toBe("https://example.org/x");
  expect(["javascript:alert(1)", "file:///etc/passwd", "https:", 5].map((url) => pageToOpen({ url }))).toEqual([
    null,
    null,
    null,
    null,
  ]);
});
