/** What the file has of a recording: the terminal, the events with their moments, and what was recorded. */

import type { Recording } from "asciinema-player";

import type { ProgramEvent } from "../wire";

export interface Recorded {
  readonly title: string;
  readonly terminal: Recording | null;
  readonly events: readonly ProgramEvent[];
  /** The moment of each event, in seconds; never less than that of the one before. */
  readonly times: Float64Array;
  readonly duration: number;
}

type RecordingEvent = Recording["events"] extends Iterable<infer E> ? E : never;

/** Between two events of which nobody noted when they came. */
const UNTIMED = 0.05;

/** Reads what the page was given; `blockOf` gives the text of one of its parts, empty where there is none. */
export function read(blockOf: (name: string) => string): Recorded {
  const meta = parsed(blockOf("meta")) as { title?: unknown; idleLimit?: unknown } | null;
  const limit = typeof meta?.idleLimit === "number" ? meta.idleLimit : Infinity;
  const { terminal, clock, duration } = readCast(blockOf("cast"), limit);
  const { events, times } = readEvents(blockOf("events"), terminal === null ? idle(limit) : clock);
  return {
    title: typeof meta?.title === "string" ? meta.title : "",
    terminal,
    events,
    times,
    duration: Math.max(duration, times.at(-1) ?? 0),
  };
}

/** Leads from the moments of the recording to those of its showing, in which no pause is longer than a bound. */
type Clock = (seconds: number) => number;

function idle(limit: number): Clock {
  let [before, shown] = [0, 0];
  return (seconds) => {
    shown += Math.min(limit, Math.max(0, seconds - before));
    before = Math.max(before, seconds);
    return shown;
  };
}

function readCast(text: string, limit: number): { terminal: Recording | null; clock: Clock; duration: number } {
  const lines = text.split("\n");
  const header = parsed(lines.shift() ?? "") as Record<string, unknown> | null;
  const size = sizeIn(header);
  if (header === null || size === null) return { terminal: null, clock: (seconds) => seconds, duration: 0 };
  const relative = header["version"] === 3;
  const shorten = idle(limit);
  const events: RecordingEvent[] = [];
  const real = [0];
  const shown = [0];
  let now = 0;
  for (const line of lines) {
    const event = parsed(line);
    if (!Array.isArray(event) || typeof event[0] !== "number" || typeof event[1] !== "string") continue;
    now = relative ? now + event[0] : Math.max(now, event[0]);
    real.push(now);
    shown.push(shorten(now));
    const [code, data] = [event[1], event[2]];
    const moment = 1000 * (shown.at(-1) ?? 0); // the player counts the milliseconds
    if (code === "o") events.push([moment, "o", String(data)]);
    else if (code === "r") {
      const [, cols, rows] = /^(\d{1,5})x(\d{1,5})$/.exec(String(data)) ?? [];
      if (cols && rows) events.push([moment, "r", { cols: Number(cols), rows: Number(rows) }]);
    }
  }
  return { terminal: { ...size, events }, clock: between(real, shown), duration: shown.at(-1) ?? 0 };
}

function sizeIn(header: Record<string, unknown> | null): { cols: number; rows: number } | null {
  const size = (header?.["version"] === 3 ? header["term"] : header) as Record<string, unknown> | undefined;
  const [cols, rows] = [size?.["cols"] ?? size?.["width"], size?.["rows"] ?? size?.["height"]];
  return typeof cols === "number" && typeof rows === "number" ? { cols, rows } : null;
}

/** The clock that leads from the moments of one list to those of the other. */
function between(real: readonly number[], shown: readonly number[]): Clock {
  return (seconds) => {
    const at = countUpTo(real, seconds) - 1;
    const [begin = 0, end = Infinity] = [real[at], real[at + 1]];
    const [first = 0, last = first + seconds - begin] = [shown[at], shown[at + 1]];
    return end === begin ? first : Math.min(last, first + seconds - begin);
  };
}

function readEvents(text: string, clock: Clock): { events: ProgramEvent[]; times: Float64Array } {
  const events: ProgramEvent[] = [];
  const times: number[] = [];
  let last = 0;
  let counted = false;
  for (const line of text.split("\n")) {
    const pair = parsed(line);
    if (!Array.isArray(pair)) continue;
    const [seconds, event] = pair as [unknown, ProgramEvent | null];
    if (typeof event !== "object" || event === null || typeof event.type !== "string") continue;
    last = typeof seconds === "number" ? Math.max(last, clock(seconds)) : last + UNTIMED;
    counted ||= typeof event.seq === "number";
    events.push(event);
    times.push(last);
  }
  // Of a program that does not count its events they are counted here, so that each can be found.
  if (!counted) events.forEach((event, index) => (event.seq = index + 1));
  return { events, times: Float64Array.from(times) };
}

function parsed(text: string): unknown {
  try {
    return text === "" ? null : JSON.parse(text);
  } catch {
    return null; // torn, or no event
  }
}

/** How many of these moments are not after a moment. */
export function countUpTo(times: ArrayLike<number>, moment: number): number {
  let [low, high] = [0, times.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((times[middle] ?? 0) <= moment) low = middle + 1;
    else high = middle;
  }
  return low;
}
