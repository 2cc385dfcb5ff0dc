import { signal } from "@preact/signals";
import { expect, test } from "vitest";
import type { ChatItem } from "../../src/app/session";
import { asks, Completion, completed } from "../../src/composer/completion";
import { PromptHistory } from "../../src/composer/prompt_history";
import { outsideUnits, wholeUnits } from "../../src/composer/units";
import type { Command } from "../../src/wire";

test("a command and the name of a file ask for more, an address does not", () => {
  expect(["/he", "look at @src/m", "@", "(@a", "a\n@b\\ c"].map((text) => asks(text, text.length))).toEqual(
    Array(5).fill(true),
  );
  expect(["me@example", "a /b", "/a\nb", "@a b", "x"].map((text) => asks(text, text.length))).toEqual(
    Array(5).fill(false),
  );
});

class Asked {
  readonly sent: Command[] = [];
  readonly connected = signal(true);
  #listener: (items: readonly ChatItem[]) => void = () => {};
  supports = (): boolean => true;
  may = (): boolean => true;
  send = (command: Command) => {
    this.sent.push(command);
    return Promise.resolve({ id: "", status: "accepted" as const });
  };
  listen = (listener: (items: readonly ChatItem[]) => void) => {
    this.#listener = listener;
    return () => {};
  };

  answer(number: number, ...candidates: object[]): void {
    const data = { command_id: this.sent[number]?.id, candidates };
    this.#listener([{ type: "system", subtype: "completions", data } as unknown as ChatItem]);
  }
}

test("of several questions the last is answered, and one goes out at a time", () => {
  const program = new Asked();
  let ids = 0;
  const completion = new Completion(program, () => `c${++ids}`);
  for (const text of ["/h", "/he", "/hel"]) completion.typed(text, text.length);
  expect(program.sent.map((command) => command["text"])).toEqual(["/h"]);
  program.answer(0, { text: "/hooks ", label: "/hooks", from: 0, to: 2 });
  expect(completion.open).toBe(false);
  expect(program.sent.map((command) => command["text"])).toEqual(["/h", "/hel"]);
  program.answer(1, { text: "/help ", label: "/help", from: 0, to: 4 });
  expect(completion.current?.label).toBe("/help");
});

test("Enter that comes before the answer to the last letter takes what goes on with it, or sends what is whole", () => {
  const program = new Asked();
  const completion = new Completion(program, () => "c");
  completion.typed("/h", 2);
  program.answer(0, { text: "/hooks ", label: "/hooks", from: 0, to: 2 }, { text: "/help ", label: "/help", from: 0, to: 2 });
  completion.typed("/hel", 4);
  expect(completion.enterTakes).toBe(true);
  completion.typed("/help", 5);
  expect(completion.enterTakes).toBe(false);
  expect(completion.take("/help")).toEqual({ text: "/help ", cursor: 6 });
});

test("what goes on otherwise than what is offered takes nothing of it", () => {
  const program = new Asked();
  const completion = new Completion(program, () => "c");
  completion.typed("/h", 2);
  program.answer(0, { text: "/help ", label: "/help", from: 0, to: 2 });
  completion.typed("/hx", 3);
  expect(completion.take("/hx")).toBeNull();
});

test("Enter takes a candidate unless the draft says it already", () => {
  const program = new Asked();
  const completion = new Completion(program, () => "c");
  completion.typed("/he", 3);
  program.answer(0, { text: "/help ", label: "/help", from: 0, to: 3 });
  expect(completion.enterTakes).toBe(true);
  completion.typed("/help", 5);
  program.answer(1, { text: "/help ", label: "/help", from: 0, to: 5, exact: true }, { text: "/helper ", from: 0, to: 5 });
  expect(completion.enterTakes).toBe(false);
  completion.move(1);
  expect([completion.enterTakes, completion.current?.label]).toEqual([true, "/helper "]);
});

test("a candidate counts code points, the text field UTF-16 units", () => {
  const program = new Asked();
  const completion = new Completion(program, () => "c");
  completion.typed("😀 @ma now", 6);
  expect(program.sent[0]).toMatchObject({ cursor: 5 });
  program.answer(0, { text: "@main.py ", label: "main.py", from: 2, to: 5 });
  expect(completed("😀 @ma now", completion.current!)).toEqual({ text: "😀 @main.py  now", cursor: 12 });
});

test("the arrows walk what was sent before, from an empty draft alone", () => {
  const history = new PromptHistory();
  const prompts = ["one", "two"];
  expect(history.walk(-1, "typed", prompts)).toBeNull();
  expect(history.walk(-1, "", prompts)).toBe("two");
  expect(history.walk(-1, "two", prompts)).toBe("one");
  expect(history.walk(-1, "one", prompts)).toBeNull();
  expect(history.walk(1, "one", prompts)).toBe("two");
  expect(history.walk(1, "two", prompts)).toBe("");
  expect(history.walk(-1, "", prompts)).toBe("two");
  expect(history.walk(-1, "two, changed", prompts)).toBeNull();
});

test("the caret steps over a unit, and deleting takes all of it", () => {
  const text = "see [image 1: a.png] now";
  expect(outsideUnits(text, 5, 4)).toBe(20);
  expect(outsideUnits(text, 19, 20)).toBe(4);
  expect(outsideUnits(text, 6)).toBe(4);
  expect(wholeUnits(text, { from: 19, to: 20 })).toEqual({ from: 4, to: 20 });
  expect(wholeUnits(text, { from: 3, to: 4 })).toEqual({ from: 3, to: 4 });
});
