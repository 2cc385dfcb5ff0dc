import { expect, test } from "vitest";

import { type FlowScreen, TerminalFlow } from "../../src/terminal/flow";
import type { TerminalMessage } from "../../src/wire";

/** An emulator that parses when the test says so. */
class SlowScreen implements FlowScreen {
  readonly seen: string[] = [];
  atOnce = false;
  #parsing: (() => void)[] = [];

  write(data: Uint8Array, done: () => void): void {
    const parse = () => {
      this.seen.push(new TextDecoder().decode(data));
      done();
    };
    if (this.atOnce) parse();
    else this.#parsing.push(parse);
  }

  parse(count = Number.POSITIVE_INFINITY): void {
    for (let parsed = 0; parsed < count && this.#parsing.length > 0; parsed++) this.#parsing.shift()?.();
  }

  reset(lost: boolean): void {
    this.seen.push(lost ? "reset, lost" : "reset");
  }

  resize(columns: number, rows: number, mine: boolean): void {
    this.seen.push(`${columns}x${rows}${mine ? " mine" : ""}`);
  }

  live(now: boolean): void {
    this.seen.push(now ? "live" : "replay");
  }

  ended(message: string): void {
    this.seen.push(message);
  }
}

function flowing() {
  const screen = new SlowScreen();
  const acknowledged: number[] = [];
  const flow = new TerminalFlow(screen, (offset) => acknowledged.push(offset));
  const text = (words: string) => flow.bytes(new TextEncoder().encode(words));
  const begin = (offset: number, fresh: boolean, lost = false) => {
    flow.connected();
    flow.message({ type: "web", subtype: "screen", epoch: "e", offset, fresh, lost });
  };
  const size = (columns: number, mine = false): void =>
    flow.message({ type: "web", subtype: "size", columns, rows: 9, mine });
  return { acknowledged, begin, flow, screen, size, text };
}

const shown: TerminalMessage = { type: "web", subtype: "shown" };

test("sizes and ends come exactly where they stand among the bytes", () => {
  const { begin, flow, screen, size, text } = flowing();
  begin(0, true);
  text("a");
  size(80);
  text("b");
  flow.message(shown);
  text("c");
  expect(screen.seen).toEqual(["replay", "reset"]);
  screen.parse();
  expect(screen.seen).toEqual(["replay", "reset", "a", "80x9", "b", "live", "c"]);
});

test("an emulator that parses at once, as xterm does behind a key, gets everything once and in order", () => {
  const { acknowledged, begin, flow, screen, size, text } = flowing();
  begin(0, true);
  text("a");
  size(80);
  text("b");
  screen.atOnce = true;
  screen.parse();
  text("c");
  flow.message(shown);
  text("d");
  expect(screen.seen).toEqual(["replay", "reset", "a", "80x9", "b", "c", "live", "d"]);
  expect(acknowledged).toEqual([1, 2, 3, 4]);
});

test("what is acknowledged has been parsed", () => {
  const { acknowledged, begin, screen, text } = flowing();
  begin(100, true);
  text("a".repeat(10_000));
  text("b".repeat(10_000));
  text("c".repeat(10));
  expect(acknowledged).toEqual([]);
  screen.parse(1);
  expect(acknowledged).toEqual([]);
  screen.parse(1);
  expect(acknowledged).toEqual([20_100]);
  screen.parse();
  expect(acknowledged).toEqual([20_100, 20_110]);
});

test("a reconnect asks for what comes after all that was received, parsed or not", () => {
  const { begin, flow, screen, text } = flowing();
  expect(flow.query).toBe("");
  begin(0, true);
  text("abc");
  expect(flow.query).toBe("?from=3&epoch=e");
  begin(3, false);
  text("d");
  screen.parse();
  expect(screen.seen).toEqual(["replay", "reset", "abc", "replay", "d"]);
  expect(flow.query).toBe("?from=4&epoch=e");
});

test("what an earlier connection left to parse is acknowledged to nobody", () => {
  const { acknowledged, begin, screen, text } = flowing();
  begin(0, true);
  text("a".repeat(20_000));
  begin(20_000, false);
  screen.parse();
  expect(acknowledged).toEqual([]);
  text("b");
  screen.parse();
  expect(acknowledged).toEqual([20_001]);
});

test("a page that fell behind begins anew, and hears that output is gone", () => {
  const { begin, flow, screen, text } = flowing();
  begin(0, true);
  text("a");
  flow.message({ type: "web", subtype: "screen", epoch: "e", offset: 5000, fresh: true, lost: true });
  text("z");
  screen.parse();
  expect(screen.seen).toEqual(["replay", "reset", "a", "replay", "reset, lost", "z"]);
  expect(flow.query).toBe("?from=5001&epoch=e");
});
