import { effect } from "@preact/signals";
import { expect, test } from "vitest";

import { type ChatItem, Session } from "../../src/app/session";
import type { Right } from "../../src/wire";
import { FakeSurroundings, settled } from "../net/surroundings";

const hello = (more: object = {}) => ({
  type: "web",
  subtype: "hello",
  key: "k",
  epoch: "one",
  whole: true,
  lost: 0,
  name: "owner",
  rights: ["observe", "submit"] satisfies Right[],
  terminal: true,
  supported_commands: ["submit", "interrupt"],
  program: "qwen-dual",
  ...more,
});
const replayed = { type: "web", subtype: "replayed" };
const start = (data: object = { supported_commands: ["submit", "interrupt"] }) => ({
  type: "system",
  subtype: "session_start",
  seq: 1,
  session_id: "s",
  data: { session_id: "s", cwd: "/", protocol_version: 2, version: "1", ...data },
});
const said = (seq: number, text: string) => ({
  type: "user",
  seq,
  session_id: "s",
  parent_tool_use_id: null,
  message: { role: "user", content: [{ type: "text", text }] },
});
const receipt = (id: string, status: string, more: object = {}) => ({
  type: "system",
  subtype: "command_receipt",
  seq: undefined,
  session_id: "s",
  data: { id, status, ...more },
});

function opened(letIn = () => Promise.resolve(true)) {
  const browser = new FakeSurroundings();
  const session = new Session("k", browser, letIn);
  browser.last.open();
  return { browser, session };
}

const texts = (session: Session) =>
  session.conversation.value.entries.flatMap((entry) => (entry.kind === "prompt" ? [entry.text] : []));

test("it says what may be done, and is connected when what was missed is told", () => {
  const { browser, session } = opened();
  expect(session.supports("submit")).toBe(false);
  browser.last.say(hello());
  expect(session.connected.value).toBe(false);
  browser.last.say(start(), said(2, "one"), replayed);
  expect(session.connected.value).toBe(true);
  expect([session.supports("interrupt"), session.supports("rewind")]).toEqual([true, false]);
  expect([session.may("submit"), session.may("control")]).toEqual([true, false]);
  expect(texts(session)).toEqual(["one"]);
});

test("after a break it asks for what came after the last event, and shows nothing twice", async () => {
  const { browser, session } = opened();
  browser.last.say(hello(), start(), said(2, "one"), replayed);
  browser.last.break();
  await settled();
  expect(session.connected.value).toBe(false);
  expect(texts(session)).toEqual(["one"]);
  browser.pass(500);
  expect(browser.last.path).toBe("ws/chat/k?from=2&epoch=one");
  browser.last.open();
  browser.last.say(hello({ whole: false }), said(2, "one"), said(3, "two"), replayed);
  expect(texts(session)).toEqual(["one", "two"]);
});

test("a whole conversation takes the place of what there was, and only when it is told", async () => {
  const { browser, session } = opened();
  browser.last.say(hello(), start(), said(2, "old"), replayed);
  browser.last.break();
  await settled();
  browser.pass(500);
  browser.last.open();
  browser.last.say(hello({ epoch: "two" }), start(), said(2, "new"));
  browser.pass(100);
  expect(texts(session)).toEqual(["old"]);
  browser.last.say(replayed);
  expect(texts(session)).toEqual(["new"]);
});

test("a prompt has the receipt of its id, and the conversation what came before it", async () => {
  const { browser, session } = opened();
  browser.last.say(hello(), start(), replayed);
  const sending = session.send({ type: "submit", text: "hi" });
  const { id, ...command } = JSON.parse(browser.last.sent[0] as string) as Record<string, string>;
  expect(command).toEqual({ type: "submit", text: "hi" });
  expect(id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
  browser.last.say(said(2, "hi"), receipt(id!, "accepted"));
  expect(texts(session)).toEqual(["hi"]);
  expect(await sending).toMatchObject({ id, status: "accepted" });
});

test("what the server does not pass on is rejected with its words", async () => {
  const { browser, session } = opened();
  browser.last.say(hello(), start(), replayed);
  const sending = session.send({ type: "interrupt", id: "i" });
  browser.last.say({ type: "web", subtype: "refused", id: "i", code: "no_right", message: "Not with this link." });
  expect(await sending).toMatchObject({ status: "rejected", code: "no_right", message: "Not with this link." });
});

test("a prompt waits for the connection and goes out again under its id, an interrupt is given up", async () => {
  const { browser, session } = opened();
  browser.last.say(hello(), start(), replayed);
  const prompt = session.send({ type: "submit", text: "hi", id: "p" });
  const interrupt = session.send({ type: "interrupt", id: "i" });
  browser.last.break();
  expect(await interrupt).toMatchObject({ status: "rejected", code: "offline" });
  expect(await session.send({ type: "interrupt" })).toMatchObject({ status: "rejected", code: "offline" });
  await settled();
  browser.pass(500);
  browser.last.open();
  browser.last.say(hello({ whole: false }));
  expect(browser.last.sent).toEqual([]);
  browser.last.say(replayed);
  expect(browser.last.sent).toEqual(['{"type":"submit","text":"hi","id":"p"}']);
  browser.last.say(receipt("p", "duplicate", { outcome: "running" }));
  expect(await prompt).toMatchObject({ status: "duplicate", outcome: "running" });
});

test("a receipt that is among what was missed spares the prompt its second way", async () => {
  const { browser, session } = opened();
  browser.last.say(hello(), start(), replayed);
  const prompt = session.send({ type: "submit", text: "hi", id: "p" });
  browser.last.break();
  await settled();
  browser.pass(500);
  browser.last.open();
  browser.last.say(hello({ whole: false }), receipt("p", "accepted"), replayed);
  expect(browser.last.sent).toEqual([]);
  expect(await prompt).toMatchObject({ status: "accepted" });
});

test("a program without receipts has a command once it is sent, and never a second time", async () => {
  const { browser, session } = opened();
  browser.last.say(hello(), start({ supported_commands: undefined }), replayed);
  expect(await session.send({ type: "submit", text: "hi" })).toMatchObject({ status: "sent" });
  browser.last.break();
  await settled();
  browser.pass(500);
  browser.last.open();
  browser.last.say(hello({ whole: false }), replayed);
  expect(browser.last.sent).toEqual([]);
});

test("when the program has ended, whatever waits is told so", async () => {
  const { browser, session } = opened();
  browser.last.say(hello(), start(), replayed);
  const prompt = session.send({ type: "submit", text: "hi" });
  browser.last.say({ type: "web", subtype: "ended", status: 1, signal: null, message: "It was killed." });
  expect(await prompt).toMatchObject({ status: "rejected", code: "ended", message: "It was killed." });
});

test("a session that the server does not know is not asked for again", async () => {
  const { browser, session } = opened();
  browser.last.break(4404);
  await settled();
  browser.pass(60_000);
  expect(session.gone.value).toBe(true);
  expect(browser.sockets.length).toBe(1);
});

test("many frames within a moment are shown together, all of them", () => {
  const { browser, session } = opened();
  browser.last.say(hello(), start(), replayed);
  const heard: (readonly ChatItem[])[] = [];
  session.listen((items) => heard.push(items));
  browser.pass(100);
  for (let seq = 2; seq < 42; seq++) browser.last.say(said(seq, String(seq)));
  browser.pass(16);
  expect(heard.map((items) => items.length)).toEqual([1, 39]);
  expect(texts(session).length).toBe(40);
});

test("what is said as soon as the hello allows it goes out once, though what was missed is told after it", async () => {
  const { browser, session } = opened();
  browser.last.say(hello({ supported_commands: [] }), replayed);
  const ended = effect(() => {
    if (session.supports("interrupt")) void session.send({ type: "interrupt", id: "i" });
  });
  browser.last.say(hello(), start());
  browser.last.say(replayed);
  ended();
  expect(browser.last.sent.filter((sent) => String(sent).includes("interrupt"))).toHaveLength(1);
});

test("a prompt that is sent while the program begins goes to it once", () => {
  const { browser, session } = opened();
  browser.last.say(hello({ supported_commands: [] }), replayed);
  void session.send({ type: "submit", text: "now" });
  browser.last.say(hello(), start(), replayed);
  expect(browser.last.sent).toHaveLength(1);
});
