/** What the model says: blocks as they come in, and the whole that settles them. */

import type { ProgramEvent } from "../wire";
import type { Building, OpenBlock } from "./building";
import { called, settleCall } from "./calls";
import { cut, type Part } from "./parts";
import { data, number, records, text } from "./reading";
import type { TextEntry } from "./types";

type Kind = TextEntry["kind"];

const FAILURE = "[API Error:";

/** Takes a `stream_event`. */
export function stream(building: Building, event: ProgramEvent, lane: string): void {
  const inner = data(event["event"]);
  const index = number(inner["index"]) ?? 0;
  switch (inner["type"]) {
    case "message_start":
      closeAll(building, lane);
      if (lane === "" && !building.tellsState) building.conversation.state = "thinking";
      break;
    case "content_block_start":
      begin(building, lane, index, data(inner["content_block"]), event.seq ?? 0);
      break;
    case "content_block_stop":
      for (const block of building.open(lane)) {
        if (block.index === index && block.kind !== "tool_use") close(building, lane, block);
      }
      break;
    case "message_stop":
      if (lane === "" && !building.tellsState) {
        building.conversation.state = building.inner.calls > 0 ? "running_tool" : "idle";
      }
      break;
  }
}

/** Takes a `stream_event` that is a delta: those of a block that follow each other count as one. */
export function delta(building: Building, event: ProgramEvent, lane: string): boolean {
  const inner = data(event["event"]);
  if (inner["type"] !== "content_block_delta") return false;
  const told = data(inner["delta"]);
  const index = number(inner["index"]) ?? 0;
  const more = text(told["text"]) || text(told["thinking"]) || text(told["partial_json"]);
  if (building.pending?.lane !== lane || building.pending.index !== index) {
    flush(building);
    building.pending = { lane, index, texts: [] };
  }
  building.pending.texts.push(more);
  return true;
}

/** Takes what deltas have brought so far. */
export function flush(building: Building): void {
  const pending = building.pending;
  building.pending = null;
  if (pending) grow(building, pending.lane, pending.index, pending.texts.join(""));
}

/** Takes an `assistant` event: whole blocks, which take the place of what had come of them. */
export function assistant(building: Building, event: ProgramEvent, lane: string): void {
  const message = data(event["message"]);
  const seq = event.seq ?? 0;
  for (const block of records(message["content"])) {
    const kind = block["type"];
    if (kind === "text") settle(building, lane, "text", text(block["text"]), seq);
    else if (kind === "thinking") settle(building, lane, "thinking", text(block["thinking"]), seq);
    else if (kind === "tool_use") {
      const id = text(block["id"]);
      unsettled(building, lane, (open) => open.kind === "tool_use" && open.id === id);
      settleCall(building, lane, id, text(block["name"]), data(block["input"]), seq);
    }
  }
  const usage = data(message["usage"]);
  const input = number(usage["input_tokens"]) ?? 0;
  const output = number(usage["output_tokens"]) ?? 0;
  if (lane !== "") {
    const { tokens } = building.lane(lane);
    building.changeLane(lane, { tokens: tokens + input + output });
  } else if (!building.tellsState && input + output > 0) {
    derivedUsage(building, input, output, number(usage["cache_read_input_tokens"]) ?? 0);
    building.conversation.model = text(message["model"]) || building.conversation.model;
  }
}

/** Nothing more comes of what has begun. */
export function closeAll(building: Building, lane: string): void {
  for (const block of building.open(lane)) close(building, lane, block);
  building.setOpen(lane, []);
}

/** The texts that told of a failure go: what ended the turn says it better. */
export function dropFailures(building: Building): void {
  let end = building.entries("").length;
  while (end > 0) {
    const entry = building.entries("")[end - 1];
    if (entry?.kind === "prompt" || entry?.kind === "end") break;
    if (entry?.kind === "text" && entry.failure) building.remove("", end - 1, end);
    end -= 1;
  }
}

function begin(
  building: Building,
  lane: string,
  index: number,
  block: Readonly<Record<string, unknown>>,
  seq: number,
): void {
  const kind = block["type"];
  let open: OpenBlock | undefined;
  if (kind === "text" || kind === "thinking") {
    open = { index, kind, key: add(building, lane, kind, seq).key, id: "" };
    if (lane === "" && !building.tellsState) building.conversation.state = kind === "text" ? "responding" : "thinking";
  } else if (kind === "tool_use") {
    const id = text(block["id"]);
    open = { index, kind, key: called(building, lane, id, text(block["name"]), seq).key, id };
  }
  if (open) {
    const others = building.open(lane).filter((other) => other.index !== index || other.kind !== kind);
    building.setOpen(lane, [...others, open]);
    grow(building, lane, index, kind === "tool_use" ? "" : text(block[open.kind]));
  }
}

function grow(
  building: Building,
  lane: string,
  index: number,
  more: string,
): void {
  const block = building.open(lane).findLast((open) => open.index === index);
  if (!block || more === "") return;
  if (block.kind === "tool_use") {
    building.changeTool(lane, block.id, (tool) => ({ argumentChars: tool.argumentChars + more.length }));
    return;
  }
  const at = building.last(lane, (entry) => entry.key === block.key);
  const entry = building.entries(lane)[at];
  if (entry?.kind !== "text" && entry?.kind !== "thinking") return;
  const parts = cut({ source: entry.source + more, prefix: entry.prefix });
  const key = put(building, lane, at, entry, parts, true);
  if (key !== block.key) {
    building.setOpen(
      lane,
      building.open(lane).map((open) => (open === block ? { ...block, key } : open)),
    );
  }
}

/** Puts parts in the place of one that has grown; gives the key of the last. */
function put(
  building: Building,
  lane: string,
  at: number,
  first: TextEntry,
  parts: readonly Part[],
  open: boolean,
): number {
  let key = first.key;
  parts.forEach((part, number) => {
    const entry = {
      ...first,
      ...part,
      part: first.part + number,
      open: open && number === parts.length - 1,
      failure: first.failure || (number === 0 && first.part === 0 && fails(first.kind, part.source)),
    };
    if (number === 0) building.replace(lane, at, entry);
    else key = building.insert<TextEntry>(lane, at + number, entry).key;
  });
  return key;
}

function settle(building: Building, lane: string, kind: Kind, whole: string, seq: number): void {
  const block = unsettled(building, lane, (open) => open.kind === kind);
  const last = block ? building.last(lane, (entry) => entry.key === block.key) : -1;
  const entry = building.entries(lane)[last];
  if (!block || entry?.kind !== kind) {
    if (whole.trim() === "") return;
    const added = add(building, lane, kind, seq);
    put(building, lane, building.entries(lane).length - 1, added, cut({ source: whole, prefix: "" }), false);
    return;
  }
  const first = last - entry.part;
  const had = building.entries(lane).slice(first, last + 1) as TextEntry[];
  if (whole === had.map((part) => part.source).join("")) {
    close(building, lane, block);
    return;
  }
  building.remove(lane, first + 1, last + 1);
  const parts = cut({ source: whole, prefix: "" });
  put(building, lane, first, { ...(had[0] as TextEntry), failure: false }, parts, false);
}

function add(building: Building, lane: string, kind: Kind, seq: number): TextEntry {
  const block = building.inner.nextKey;
  return building.add<TextEntry>(lane, {
    kind,
    seq,
    block,
    part: 0,
    source: "",
    prefix: "",
    open: true,
    failure: false,
  });
}

function close(building: Building, lane: string, block: OpenBlock): void {
  const at = building.last(lane, (entry) => entry.key === block.key);
  const entry = building.entries(lane)[at];
  if ((entry?.kind === "text" || entry?.kind === "thinking") && entry.open) {
    building.replace(lane, at, { ...entry, open: false });
  }
}

/** The first block that has begun and not been settled, of a kind; it counts as settled then. */
function unsettled(
  building: Building,
  lane: string,
  holds: (block: OpenBlock) => boolean,
): OpenBlock | undefined {
  const block = building.open(lane).find(holds);
  if (block) building.setOpen(lane, building.open(lane).filter((open) => open !== block));
  return block;
}

function fails(kind: Kind, source: string): boolean {
  return kind === "text" && source.trimStart().startsWith(FAILURE);
}

function derivedUsage(building: Building, input: number, output: number, cached: number): void {
  const { total, ...usage } = building.conversation.usage;
  building.conversation.usage = {
    ...usage,
    contextTokens: input + output,
    inputTokens: input,
    outputTokens: output,
    total: {
      input_tokens: total.input_tokens + input,
      output_tokens: total.output_tokens + output,
      cache_read_input_tokens: total.cache_read_input_tokens + cached,
      cost_usd: null,
    },
  };
}
