import { expect, test } from "vitest";
import { type DraftData, type SetDraft, SharedDraft } from "../../src/composer/shared_draft";
import { codePointsBefore, positionOf } from "../../src/composer/units";
import { Random } from "./random";

/** The program's editor: what it answers is on its way for a while. */
class Program {
  draft: DraftData = { text: "", cursor: 0, version: 1, mode: "prompt" };
  readonly page = new SharedDraft();
  #toPage: (() => void)[] = [];
  #toProgram: SetDraft[] = [];
  #told = 0;
  now = 0;

  press(text: string, cursor: number): void {
    this.draft = { ...this.draft, text, cursor, version: this.draft.version + 1 };
  }

  tell(): void {
    if (this.draft.version === this.#told) return;
    const draft = this.draft;
    this.#told = draft.version;
    this.#toPage.push(() => this.page.told(draft, this.now, false));
  }

  step(random: Random): void {
    this.now += 10;
    const command = this.page.next(this.now);
    if (command) this.#toProgram.push(command);
    if (random.chance(40)) this.#toPage.shift()?.();
    if (random.chance(40)) this.#take();
    if (random.chance(40)) this.tell();
  }

  settle(): void {
    for (let round = 0; round < 50; round++) {
      this.now += 1000;
      const command = this.page.next(this.now);
      if (command) this.#toProgram.push(command);
      this.#take();
      this.tell();
      while (this.#toPage.length) this.#toPage.shift()?.();
    }
  }

  cut(): void {
    if (this.#toProgram.length && this.now % 20 === 0) this.#take();
    this.#toProgram = [];
    this.#toPage = [];
    this.page.lost();
    this.#told = 0;
  }

  #take(): void {
    const command = this.#toProgram.shift();
    if (!command) return;
    if (command.if_version !== this.draft.version) {
      this.#toPage.push(() => this.page.answered({ status: "rejected", code: "version_conflict" }, this.now));
      return;
    }
    this.press(command.text, command.cursor);
    const version = this.draft.version;
    this.#toPage.push(() => this.page.answered({ status: "accepted", version }, this.now));
  }
}

test.each([0, 5])("typed on both sides, %d times of a hundred cut: both have the same, and every key is in it", (cuts) => {
  for (let seed = 1; seed <= 150; seed++) {
    const random = new Random(seed);
    const program = new Program();
    let code = 0x4e00;
    const typed: string[] = [];
    for (let step = 0; step < 60; step++) {
      if (random.chance(50)) {
        const char = String.fromCodePoint(code++);
        typed.push(char);
        if (random.chance(50)) {
          const { text, cursor } = program.draft;
          const chars = [...text];
          chars.splice(cursor, 0, char);
          program.press(chars.join(""), cursor + 1);
        } else {
          const { text, cursor } = program.page;
          program.page.typed(text.slice(0, cursor) + char + text.slice(cursor), cursor + char.length);
        }
      }
      if (random.chance(cuts)) program.cut();
      program.step(random);
    }
    program.settle();
    expect(program.page.text).toBe(program.draft.text);
    expect([...program.draft.text].sort()).toEqual(typed.sort());
  }
});

test("what is sent from here leaves the draft, and what was typed in the terminal meanwhile stays", () => {
  const program = new Program();
  program.press("list the tests", 14);
  program.settle();
  expect(program.page.text).toBe("list the tests");
  program.press("list the tests, ok", 18);
  program.page.typed("", 0);
  program.settle();
  expect([program.draft.text, program.page.text]).toEqual([", ok", ", ok"]);
});

test("the cursor in the terminal follows the page's, unless somebody types there", () => {
  const program = new Program();
  program.press("ab", 2);
  program.settle();
  program.now += 10_000;
  program.page.typed("aXb", 2);
  program.settle();
  expect(program.draft.cursor).toBe(2);
  program.press("aXbc", 4);
  program.tell();
  program.page.typed("YaXb", 1);
  program.settle();
  expect([program.draft.text, program.draft.cursor]).toEqual(["YaXbc", 5]);
});

test("a command for the shell is left alone, and what was typed here is set when it is over", () => {
  const page = new SharedDraft();
  page.told({ text: "", cursor: 0, version: 1, mode: "prompt" }, 0, true);
  page.told({ text: "ls", cursor: 2, version: 2, mode: "shell" }, 0, true);
  page.typed("hello", 5);
  expect([page.text, page.next(10)]).toEqual(["hello", null]);
  expect(page.apart).toContain("shell");
  page.told({ text: "", cursor: 0, version: 3, mode: "prompt" }, 20, true);
  expect(page.next(30)).toEqual({ text: "hello", cursor: 5, if_version: 3 });
});

test("what can never be set is not tried again until it is another text", () => {
  const page = new SharedDraft();
  page.told({ text: "", cursor: 0, version: 1, mode: "prompt" }, 0, true);
  page.typed("[image 9: x.png]", 16);
  expect(page.next(0)).not.toBeNull();
  page.answered({ status: "rejected", code: "unknown_unit", message: "no such image" }, 0);
  expect([page.next(9999), page.apart]).toEqual([null, "Not shared with the terminal: no such image."]);
  page.typed("hi", 2);
  expect([page.next(9999)?.text, page.apart]).toEqual(["hi", ""]);
});

test("who is in the middle of something is asked again later", () => {
  const page = new SharedDraft();
  page.told({ text: "", cursor: 0, version: 1, mode: "prompt" }, 0, true);
  page.typed("hi", 2);
  page.next(0);
  page.answered({ status: "rejected", code: "busy", message: "searching" }, 0);
  expect(page.next(10)).toBeNull();
  expect(page.next(page.again ?? 0)).toEqual({ text: "hi", cursor: 2, if_version: 1 });
});

test("cursors count code points on the wire", () => {
  expect(codePointsBefore("a😀b", 3)).toBe(2);
  expect(positionOf("a😀b", 2)).toBe(3);
});
