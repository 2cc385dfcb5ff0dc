import { signal } from "@preact/signals";
import { afterEach, beforeEach, expect, test, vi } from "vitest";

import type { ChatItem, Session } from "../../src/app/session";
import { ComposerState } from "../../src/composer/composer_state";
import type { Command } from "../../src/wire";

beforeEach(() => vi.useFakeTimers());
afterEach(() => vi.useRealTimers());

/** A program that is at something, and what waits for its end. */
class Busy {
  readonly sent: Command[] = [];
  readonly conversation = signal({ state: "responding", queue: [] as object[], greeting: {}, entries: [] });
  readonly connected = signal(true);
  readonly places = { sent: signal(0) };
  readonly #listeners: ((items: readonly ChatItem[]) => void)[] = [];
  supports = (command: string): boolean => command !== "watch" && command !== "complete";
  may = (): boolean => true;
  send = (command: Command) => {
    this.sent.push(command);
    return Promise.resolve({ id: command.id ?? "", status: "queued" as const });
  };
  listen = (listener: (items: readonly ChatItem[]) => void) => {
    this.#listeners.push(listener);
    return () => undefined;
  };

  waiting(...prompts: object[]): void {
    this.conversation.value = { ...this.conversation.peek(), queue: prompts };
  }

  takesOut(id: string): void {
    const item = { type: "system", subtype: "command_receipt", data: { id, status: "rejected", code: "interrupted" } };
    for (const listener of this.#listeners) listener([item as unknown as ChatItem]);
  }
}

test("what comes back out of the queue is in the draft, though one has stopped it twice", async () => {
  const program = new Busy();
  const composer = new ComposerState(program as unknown as Session);
  composer.draft.typed("and then", 8);
  await composer.send();
  const id = program.sent[0]?.id ?? "";
  program.waiting({ id, text: "and then", cut: false });
  composer.interrupt();
  program.waiting();
  composer.interrupt(); // before it is told of what waited
  program.takesOut(id);
  composer.interrupt(); // before it is in the draft
  vi.runAllTimers();
  expect(composer.draft.text).toBe("and then");
});
