/** Events in, the next conversation out. */

import type { ChatMessage, ProgramEvent } from "../wire";
import { assistant, delta, flush, stream } from "./answers";
import { Building, type Inner } from "./building";
import { request, response } from "./calls";
import { data, number, text } from "./reading";
import { gap, result, stopped, system, unused, user } from "./told";
import type { Conversation, Entry, NoticeEntry } from "./types";

/** A conversation of which nothing is known yet. */
export function begin(epoch = ""): Conversation {
  const inner: Inner = {
    nextKey: 1,
    open: new Map(),
    names: new Map(),
    lists: false,
    commanded: "",
    calls: 0,
  };
  return {
    sessionId: "",
    greeting: { known: false, supported_commands: [] },
    entries: [],
    lanes: new Map(),
    requests: [],
    proposals: [],
    queue: [],
    queued: 0,
    state: "idle",
    turnId: null,
    mode: "",
    model: "",
    usage: unused,
    todos: [],
    retry: null,
    draft: null,
    ui: { focus: "editor", draft_empty: true },
    hosts: [],
    mcp: new Map(),
    hooks: new Map(),
    rewindPoints: null,
    rewindPreview: null,
    saved: null,
    live: false,
    ended: null,
    seq: 0,
    epoch,
    inner,
  };
}

export const empty: Conversation = begin();

/**
 * The conversation after what a frame of the chat's WebSocket brought, or any piece of an events file.
 *
 * Whatever is in it, it does not throw: what is not understood is left out.
 */
export function apply(
  before: Conversation,
  messages: readonly (ProgramEvent | ChatMessage)[],
): Conversation {
  let building = new Building(before);
  for (const message of messages) {
    if (message.type === "web") building = fromServer(building, message as ChatMessage);
    else fromProgram(building, message as ProgramEvent);
  }
  flush(building);
  return building.finish();
}

function fromServer(building: Building, message: ChatMessage): Building {
  flush(building);
  switch (message.subtype) {
    case "hello": {
      let begun = building;
      if (message.whole || message.epoch !== building.conversation.epoch) {
        begun = new Building(begin(message.epoch));
        begun.inner.names = building.inner.names;
      }
      begun.conversation.live = false;
      begun.conversation.ended = null;
      gap(begun, number(message.lost) ?? 0);
      return begun;
    }
    case "replayed":
      building.conversation.live = true;
      break;
    case "ended":
      building.conversation.ended = { status: message.status, signal: message.signal, message: message.message };
      building.conversation.state = "ended";
      building.conversation.requests = [];
      break;
    case "by":
      named(building, text(message.id), text(message.name));
      break;
    case "turn_ended":
      stopped(building, text(message.reason));
      break;
    case "notice":
      if (isLast(building, text(message.message))) break; // a page that comes again is told it again
      building.add<NoticeEntry>("", {
        kind: "notice",
        seq: 0,
        level: "warning",
        text: text(message.message),
        command: "",
      });
      break;
    case "refused":
      break;
  }
  return building;
}

function isLast(building: Building, words: string): boolean {
  const last = building.entries("").at(-1);
  return last?.kind === "notice" && last.seq === 0 && last.text === words;
}

/** How things are, and what was asked for, which may have the number of another event; all else happened once. */
const STANDING = new Set([
  "draft",
  "gap",
  "hosts_changed",
  "mcp",
  "proposals",
  "queue",
  "rewind_points",
  "rewind_preview",
  "sessions",
  "session_start",
  "state",
  "ui",
]);

function isOnce(event: ProgramEvent): boolean {
  if (event.type === "system") return !STANDING.has(event.subtype ?? "");
  return event.type !== "control_request";
}

function fromProgram(building: Building, event: ProgramEvent): void {
  const seq = number(event.seq);
  if (seq !== null && !isNew(building, event, seq)) return;
  const lane = text(event.parent_tool_use_id);
  if (event.type === "stream_event" && delta(building, event, lane)) return;
  flush(building);
  switch (event.type) {
    case "stream_event":
      return stream(building, event, lane);
    case "assistant":
      return assistant(building, event, lane);
    case "user":
      return user(building, event, lane);
    case "system":
      return system(building, event, lane);
    case "control_request":
      return request(building, event, lane);
    case "control_response":
      return response(building, event);
    case "result":
      return lane === "" ? result(building, event) : undefined;
  }
}

/** Whether an event with this number has not been here yet. */
function isNew(building: Building, event: ProgramEvent, seq: number): boolean {
  const resumed = data(event["data"])["resumed"] === true;
  if (event.type === "system" && event.subtype === "session_start" && !resumed) {
    building.conversation.seq = seq; // a program that begins, perhaps not the first of a file
    return true;
  }
  if (seq <= building.conversation.seq) return !isOnce(event);
  building.conversation.seq = seq;
  return true;
}

/** Who gave a command or answered a request: also where that has been told already. */
function named(building: Building, id: string, name: string): void {
  if (id === "" || name === "") return;
  building.name(id, name);
  for (const lane of ["", ...building.conversation.lanes.keys()]) {
    const at = building.last(lane, (entry) => isOf(entry, id));
    const entry = building.entries(lane)[at];
    if (entry?.kind === "tool" && entry.asked) {
      const asked = { ...entry.asked, by: { ...entry.asked.by, name } };
      if (entry.asked.allowed !== null) building.replace(lane, at, { ...entry, asked });
    } else if (entry?.kind === "prompt" || entry?.kind === "command") {
      building.replace(lane, at, { ...entry, by: { ...entry.by, name } });
    }
  }
}

function isOf(entry: Entry, id: string): boolean {
  if (entry.kind === "tool") return entry.asked?.requestId === id;
  return (entry.kind === "prompt" || entry.kind === "command") && entry.commandId === id;
}
