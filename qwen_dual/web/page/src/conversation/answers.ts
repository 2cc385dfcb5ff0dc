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
export function stream(next: Building, event: ProgramEvent, lane: string): void {
  const inner = data(event["event"]);
  const index = number(inner["index"]) ?? 0;
  switch (inner["type"]) {
    case "message_start":
      closeAll(next, lane);
      if (lane === "" && !next.told) next.next.state = "thinking";
      break;
    case "content_block_start":
      begin(next, lane, index, data(inner["content_block"]), event.seq ?? 0);
      break;
    case "content_block_stop":
      for (const block of next.open(lane)) {
        if (block.index === index && block.kind !== "tool_use") close(next, lane, block);
      }
      break;
    case "message_stop":
      if (lane === "" && !next.told) next.next.state = next.inner.calls > 0 ? "running_tool" : "idle";
      break;
  }
}

/** Takes a `stream_event` that is a delta: those of a block that follow each other count as one. */
export function delta(next: Building, event: ProgramEvent, lane: string): boolean {
  const inner = data(event["event"]);
  if (inner["type"] !== "content_block_delta") return false;
  const told = data(inner["delta"]);
  const index = number(inner["index"]) ?? 0;
  const more = text(told["text"]) || text(told["thinking"]) || text(told["partial_json"]);
  if (next.pending?.lane !== lane || next.pending.index !== index) {
    flush(next);
    next.pending = { lane, index, texts: [] };
  }
  next.pending.texts.push(more);
  return true;
}

/** Takes what deltas have brought so far. */
export function flush(next: Building): void {
  const pending = next.pending;
  next.pending = null;
  if (pending) grow(next, pending.lane, pending.index, pending.texts.join(""));
}

/** Takes an `assistant` event: whole blocks, which take the place of what had come of them. */
export function assistant(next: Building, event: ProgramEvent, lane: string): void {
  const message = data(event["message"]);
  const seq = event.seq ?? 0;
  for (const block of records(message["content"])) {
    const kind = block["type"];
    if (kind === "text") settle(next, lane, "text", text(block["text"]), seq);
    else if (kind === "thinking") settle(next, lane, "thinking", text(block["thinking"]), seq);
    else if (kind === "tool_use") {
      const id = text(block["id"]);
      unsettled(next, lane, (open) => open.kind === "tool_use" && open.id === id);
      settleCall(next, lane, id, text(block["name"]), data(block["input"]), seq);
    }
  }
  const usage = data(message["usage"]);
  const input = number(usage["input_tokens"]) ?? 0;
  const output = number(usage["output_tokens"]) ?? 0;
  if (lane !== "") {
    const { tokens } = next.lane(lane);
    next.changeLane(lane, { tokens: tokens + input + output });
  } else if (!next.told && input + output > 0) {
    derivedUsage(next, input, output, number(usage["cache_read_input_tokens"]) ?? 0);
    next.next.model = text(message["model"]) || next.next.model;
  }
}

/** Nothing more comes of what has begun. */
export function closeAll(next: Building, lane: string): void {
  for (const block of next.open(lane)) close(next, lane, block);
  next.setOpen(lane, []);
}

/** The texts that told of a failure go: what ended the turn says it better. */
export function dropFailures(next: Building): void {
  let end = next.entries("").length;
  while (end > 0) {
    const entry = next.entries("")[end - 1];
    if (entry?.kind === "prompt" || entry?.kind === "end") break;
    if (entry?.kind === "text" && entry.failure) next.remove("", end - 1, end);
    end -= 1;
  }
}

function begin(
  next: Building,
  lane: string,
  index: number,
  block: Readonly<Record<string, unknown>>,
  seq: number,
): void {
  const kind = block["type"];
  let open: OpenBlock | undefined;
  if (kind === "text" || kind === "thinking") {
    open = { index, kind, key: add(next, lane, kind, seq).key, id: "" };
    if (lane === "" && !next.told) next.next.state = kind === "text" ? "responding" : "thinking";
  } else if (kind === "tool_use") {
    const id = text(block["id"]);
    open = { index, kind, key: called(next, lane, id, text(block["name"]), seq).key, id };
  }
  if (open) {
    const others = next.open(lane).filter((other) => other.index !== index || other.kind !== kind);
    next.setOpen(lane, [...others, open]);
    grow(next, lane, index, kind === "tool_use" ? "" : text(block[open.kind]));
  }
}

function grow(
  next: Building,
  lane: string,
  index: number,
  more: string,
): void {
  const block = next.open(lane).findLast((open) => open.index === index);
  if (!block || more === "") return;
  if (block.kind === "tool_use") {
    next.changeTool(lane, block.id, (tool) => ({ argumentChars: tool.argumentChars + more.length }));
    return;
  }
  const at = next.last(lane, (entry) => entry.key === block.key);
  const entry = next.entries(lane)[at];
  if (entry?.kind !== "text" && entry?.kind !== "thinking") return;
  const parts = cut({ source: entry.source + more, prefix: entry.prefix });
  const key = put(next, lane, at, entry, parts, true);
  if (key !== block.key) {
    next.setOpen(
      lane,
      next.open(lane).map((open) => (open === block ? { ...block, key } : open)),
    );
  }
}

/** Puts parts in the place of one that has grown; gives the key of the last. */
function put(
  next: Building,
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
    if (number === 0) next.replace(lane, at, entry);
    else key = next.insert<TextEntry>(lane, at + number, entry).key;
  });
  return key;
}

function settle(next: Building, lane: string, kind: Kind, whole: string, seq: number): void {
  const block = unsettled(next, lane, (open) => open.kind === kind);
  const last = block ? next.last(lane, (entry) => entry.key === block.key) : -1;
  const entry = next.entries(lane)[last];
  if (!block || entry?.kind !== kind) {
    if (whole.trim() === "") return;
    const added = add(next, lane, kind, seq);
    put(next, lane, next.entries(lane).length - 1, added, cut({ source: whole, prefix: "" }), false);
    return;
  }
  const first = last - entry.part;
  const had = next.entries(lane).slice(first, last + 1) as TextEntry[];
  if (whole === had.map((part) => part.source).join("")) {
    close(next, lane, block);
    return;
  }
  next.remove(lane, first + 1, last + 1);
  const parts = cut({ source: whole, prefix: "" });
  put(next, lane, first, { ...(had[0] as TextEntry), failure: false }, parts, false);
}

function add(next: Building, lane: string, kind: Kind, seq: number): TextEntry {
  const block = next.inner.nextKey;
  return next.add<TextEntry>(lane, {
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

function close(next: Building, lane: string, block: OpenBlock): void {
  const at = next.last(lane, (entry) => entry.key === block.key);
  const entry = next.entries(lane)[at];
  if ((entry?.kind === "text" || entry?.kind === "thinking") && entry.open) {
    next.replace(lane, at, { ...entry, open: false });
  }
}

/** The first block that has begun and not been settled, of a kind; it counts as settled then. */
function unsettled(
  next: Building,
  lane: string,
  holds: (block: OpenBlock) => boolean,
): OpenBlock | undefined {
  const block = next.open(lane).find(holds);
  if (block) next.setOpen(lane, next.open(lane).filter((open) => open !== block));
  return block;
}

function fails(kind: Kind, source: string): boolean {
  return kind === "text" && source.trimStart().startsWith(FAILURE);
}

function derivedUsage(next: Building, input: number, output: number, cached: number): void {
  const { total, ...usage } = next.next.usage;
  next.next.usage = {
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
