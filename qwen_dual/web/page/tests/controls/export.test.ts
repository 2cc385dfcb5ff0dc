import { expect, test } from "vitest";
import { asJson, asMarkdown, fileName } from "../../src/controls/export";
import { apply, empty } from "../../src/conversation/apply";
import type { ChatItem } from "../../src/app/session";

const said = (type: string, more: object): ChatItem => ({ type, session_id: "s1", ...more }) as unknown as ChatItem;

const conversation = apply(empty, [
  said("user", { seq: 1, uuid: "u1", origin: "keyboard", message: { role: "user", content: [{ type: "text", text: "fix ```x```\nnow" }] } }),
  said("assistant", {
    seq: 2,
    uuid: "a1",
    message: { id: "m", role: "assistant", model: "m", content: [{ type: "text", text: "Done.\n\nAll of it." }], usage: {} },
  }),
]);

test("what was said is Markdown, a prompt quoted so that nothing in it is a heading", () => {
  const text = asMarkdown(conversation);
  expect(text).toContain("# fix ```x``` now\n");
  expect(text).toContain("> fix ```x```\n> now");
  expect(text).toContain("Done.\n\nAll of it.");
});

test("it is JSON with all that the page knows", () => {
  expect(JSON.parse(asJson(conversation))).toMatchObject({ entries: [{ kind: "prompt", text: "fix ```x```\nnow" }, {}] });
});

test("a file's name has no path in it", () => {
  expect(fileName(conversation, "md")).toBe("fix-x-now.md");
  expect(fileName(empty, "md")).toBe("Conversation.md");
});
