import { describe, expect, test } from "vitest";

import { inlined } from "../build/inline";
import { apply, begin } from "../src/conversation/apply";
import { type Recorded, read } from "../src/replay/recording";
import { Timeline } from "../src/replay/timeline";
import { recorded as eventsOf } from "./recordings";

const HEADER = '{"version":3,"term":{"cols":80,"rows":24},"idle_time_limit":2}';

function recording(cast: string, events: string, meta = "{}"): Recorded {
  return read((name) => ({ cast, events, meta })[name] ?? "");
}

const timed = (events: readonly unknown[], step = 0.5) =>
  events.map((event, at) => JSON.stringify([at * step, event])).join("\n");

test("the terminal's bytes and sizes, in the milliseconds of the player", () => {
  const cast = `${HEADER}\n# said\n[0.5,"o","a"]\n[1,"r","90x30"]\n[0.25,"m","seq=1 user"]\ntorn [`;
  const { terminal, duration } = recording(cast, "");
  expect(terminal).toMatchObject({ cols: 80, rows: 24 });
  expect([...(terminal?.events ?? [])]).toEqual([
    [500, "o", "a"],
    [1500, "r", { cols: 90, rows: 30 }],
  ]);
  expect(duration).toBe(1.75);
});

test("a pause that is cut short is so for the terminal and for the events alike", () => {
  const cast = `${HEADER}\n[1,"o","a"]\n[100,"o","b"]\n[1,"o","c"]`;
  const events = [[0.5, { type: "x" }], [50, { type: "x" }], [101, { type: "x" }], [101.5, { type: "x" }]];
  const { times, terminal } = recording(cast, events.map((one) => JSON.stringify(one)).join("\n"), '{"idleLimit":2}');
  expect([...times]).toEqual([0.5, 3, 3, 3.5]);
  expect([...(terminal?.events ?? [])].map(([moment]) => moment)).toEqual([1000, 3000, 4000]);
});

test("events that nobody timed follow each other, and those without a number get one", () => {
  const lines = ['[null,{"type":"user"}]', "[null,nonsense]", '[null,{"type":"result"}]', '[null,"text"]'];
  const { events, times, terminal } = recording("", lines.join("\n"));
  expect(events.map((event) => [event.type, event.seq])).toEqual([["user", 1], ["result", 2]]);
  expect(times[1]).toBeGreaterThan(times[0] ?? 0);
  expect(terminal).toBeNull();
});

describe.each(["web/streams/tools.jsonl", "web/streams/agents.jsonl", "reference/think.jsonl"])("%s", (name) => {
  const recorded = recording("", timed(eventsOf(name)));
  const plain = (count: number) => apply(begin(), recorded.events.slice(0, count)).entries.map((entry) => ({ ...entry }));

  test("at each moment what had been told by then, in whatever order one looks", () => {
    const timeline = new Timeline(recorded);
    const length = recorded.events.length;
    for (const count of [length, 3, length >> 1, 0, length - 1, 70, 71, 2]) {
      expect(timeline.after(count).entries).toEqual(plain(Math.min(count, length)));
    }
    expect(timeline.at(1).seq).toBe(recorded.events[2]?.seq);
  });

  test("each message leads to the moment in which it began", () => {
    const timeline = new Timeline(recorded);
    for (const entry of timeline.at(Infinity).entries) {
      const moment = timeline.momentOf(entry);
      expect(moment).not.toBeNull();
      expect(timeline.at(moment ?? 0).entries.some((one) => one.key === entry.key)).toBe(true);
    }
  });
});

test("a script that stands in HTML holds nothing that would end it", () => {
  const code = "const a = /<script(?=\\s)/, b = '</script>', c = `<!-- x`; a < b;";
  expect(inlined(code)).not.toMatch(/<\/?script|<!--/i);
  expect(new Function(`${inlined(code)} return [a.test("<script "), b, c]`)()).toEqual([true, "</script>", "<!-- x"]);
});
