import { expect, test } from "vitest";

import { backoff } from "../../src/net/backoff";
import { Connection } from "../../src/net/connection";
import { FakeSurroundings, settled } from "./surroundings";

function connected(broke?: (code: number, reason: string, opened: boolean) => boolean | Promise<boolean>) {
  const browser = new FakeSurroundings();
  const heard: string[] = [];
  let asked = 0;
  const connection = new Connection(
    { path: () => `ws?${++asked}`, text: (data) => heard.push(data), ...(broke && { broke }) },
    browser,
  );
  return { browser, connection, heard };
}

test("waits grow to fifteen seconds and are scattered by half", () => {
  expect([0, 1, 2, 3, 4, 5, 9].map((attempt) => backoff(attempt, 1))).toEqual([
    500, 1000, 2000, 4000, 8000, 15_000, 15_000,
  ]);
  expect(backoff(3, 0)).toBe(2000);
});

test("a connection that broke is tried again with growing waits, and asks anew for what it lacks", async () => {
  const { browser, connection, heard } = connected();
  browser.last.open();
  expect(connection.state.value).toBe("open");
  browser.last.break();
  await settled();
  expect(connection.state.value).toBe("waiting");
  browser.pass(499);
  expect(browser.sockets.length).toBe(1);
  browser.pass(1);
  expect(browser.last.path).toBe("ws?2");
  browser.last.break();
  await settled();
  browser.pass(999);
  expect(browser.sockets.length).toBe(2);
  browser.pass(1);
  browser.last.open();
  browser.last.say({ hello: 1 });
  expect(heard).toEqual(['[{"hello":1}]']);
  browser.last.break();
  await settled();
  browser.pass(500);
  expect(browser.sockets.length).toBe(4);
});

test("it is tried at once when the network or the tab comes back", async () => {
  const { browser } = connected();
  for (const network of [true, false]) {
    browser.last.break();
    await settled();
    const before = browser.sockets.length;
    browser.return(network);
    expect(browser.sockets.length).toBe(before + 1);
  }
});

test("one that has been silent is replaced when the tab is looked at again, one that speaks is kept", () => {
  const { browser } = connected();
  browser.last.open();
  browser.pass(20_000);
  browser.return(false);
  expect(browser.sockets.length).toBe(1);
  browser.pass(11_000);
  browser.return(false);
  expect(browser.sockets.length).toBe(2);
  expect(browser.sockets[0]?.closed).toBe(true);
});

test("what an abandoned socket still says is not heard", () => {
  const { browser, connection, heard } = connected();
  browser.last.open();
  const first = browser.last;
  connection.renew();
  first.say({ late: true });
  first.break();
  expect(heard).toEqual([]);
  expect(connection.state.value).toBe("connecting");
});

test("it is given up when there is no use in trying, and by whoever closes it", async () => {
  const { browser, connection } = connected(() => Promise.resolve(false));
  browser.last.break(4401);
  await settled();
  expect(connection.state.value).toBe("closed");
  browser.return(true);
  browser.pass(60_000);
  expect(browser.sockets.length).toBe(1);
  expect(connection.send("x")).toBe(false);
});
