import { signal } from "@preact/signals";
import { expect, test } from "vitest";

import type { ChatItem, Receipt } from "../../src/app/session";
import { DraftLink, type DraftSession } from "../../src/composer/draft_link";
import type { Command } from "../../src/wire";
import { settled } from "../net/surroundings";

test("what was typed before the program had agreed to share its draft is shared then", async () => {
  const sent: Command[] = [];
  const answers: ((receipt: Receipt) => void)[] = [];
  let hear: (items: readonly ChatItem[]) => void = () => undefined;
  const session: DraftSession = {
    connected: signal(true),
    supports: () => true,
    may: () => true,
    send: (command) => {
      sent.push(command);
      return new Promise((settle) => answers.push(settle));
    },
    listen: (listener) => {
      hear = listener;
      return () => undefined;
    },
  };
  const link = new DraftLink(session);
  link.typed("hey", 3);
  hear([{ type: "system", subtype: "draft", data: { text: "", cursor: 0, version: 0, mode: "prompt" } } as ChatItem]);
  expect(sent.map((command) => command.type)).toEqual(["watch"]);
  answers[0]?.({ id: "w", status: "accepted" });
  await settled();
  expect(sent[1]).toMatchObject({ type: "set_draft", text: "hey", if_version: 0 });
});
