/** What the program and the server tell of the session: states, changes, ends. */

import type {
  DraftData,
  McpServerData,
  PresentHost,
  Proposal,
  RewindPointsData,
  RewoundData,
  SavedSessionsData,
  WaitingPrompt,
} from "../../../../../docs/schema/qwen-dual";
import type { ProgramEvent } from "../wire";
import { closeAll, dropFailures } from "./answers";
import type { Building } from "./building";
import { dropRequests, endCalls, pictures, progress, task, textIn, toolResult } from "./calls";
import { type Data, data, number, records, text, textOrNull, texts } from "./reading";
import type {
  ChangeEntry,
  CommandEntry,
  CompactEntry,
  EndEntry,
  GapEntry,
  Greeting,
  NoticeEntry,
  PromptEntry,
  RewoundEntry,
  UsageSoFar,
} from "./types";

/** Of a conversation in which no model was called yet. */
export const unused: UsageSoFar = {
  contextTokens: null,
  contextWindow: null,
  inputTokens: 0,
  outputTokens: 0,
  total: { input_tokens: 0, output_tokens: 0, cache_read_input_tokens: 0, cost_usd: null },
};

/** Takes a `user` event: a prompt, or results of calls. */
export function user(next: Building, event: ProgramEvent, lane: string): void {
  const content = data(event["message"])["content"];
  for (const block of records(content)) {
    if (block["type"] === "tool_result") toolResult(next, block, event, lane);
  }
  const said = typeof content === "string" ? content : textIn(content);
  const images = pictures(content);
  if (said === "" && images.length === 0) return;
  closeAll(next, lane);
  const commandId = text(event["command_id"]);
  next.add<PromptEntry>(lane, {
    kind: "prompt",
    seq: event.seq ?? 0,
    uuid: text(event["uuid"]),
    text: said,
    images,
    by: next.by(text(event["origin"]), commandId),
    commandId,
    steered: event["steered"] === true,
    proposed: textOrNull(event["proposed"]),
    submittedBy: textOrNull(event["submitted_by"]),
  });
  if (lane !== "") return;
  next.next.todos = event["steered"] === true ? next.next.todos : [];
  if (!next.told) {
    dropRequests(next);
    next.inner.calls = 0;
    next.next.state = "thinking";
  }
}

/** Takes a `result`. */
export function result(next: Building, event: ProgramEvent): void {
  closeAll(next, "");
  const calls = number(event["num_turns"]) ?? 0;
  const usage = data(event["usage"]);
  const failure = data(event["error"]);
  const error = typeof failure["message"] === "string" ? failure : null;
  if (calls > 0 || error) endCalls(next);
  if (error) dropFailures(next);
  next.inner.commanded = "";
  if (!next.told) next.next.state = "idle";
  const cost = number(event["total_cost_usd"]);
  next.next.usage = {
    ...next.next.usage,
    contextTokens: number(event["context_tokens"]) ?? next.next.usage.contextTokens,
    contextWindow: number(event["context_window"]) ?? next.next.usage.contextWindow,
  };
  const reason = text(event["stop_reason"]) || (event["is_error"] === true ? "error" : "end_turn");
  next.add<EndEntry>("", {
    kind: "end",
    seq: event.seq ?? 0,
    reason,
    error: error && { status: null, ...error, message: text(error["message"]) },
    commandId: text(event["command_id"]),
    durationMs: number(event["duration_ms"]),
    inputTokens: number(usage["input_tokens"]) ?? 0,
    outputTokens: number(usage["output_tokens"]) ?? 0,
    costSoFar: cost,
    calls,
  });
}

/** The turn has ended, which its program does not say. */
export function stopped(next: Building, reason: string): void {
  const last = next.entries("").at(-1);
  if (next.told || (last?.kind === "end" && last.reason === reason)) return;
  for (const lane of ["", ...next.next.lanes.keys()]) closeAll(next, lane);
  dropRequests(next);
  endCalls(next);
  next.next.state = "idle";
  next.add<EndEntry>("", {
    kind: "end",
    seq: 0,
    reason,
    error: null,
    commandId: "",
    durationMs: null,
    inputTokens: 0,
    outputTokens: 0,
    costSoFar: null,
    calls: 1,
  });
}

type Handler = (next: Building, told: Data, event: ProgramEvent, lane: string) => void;

/** Takes a `system` event. */
export function system(next: Building, event: ProgramEvent, lane: string): void {
  HANDLERS[event.subtype ?? ""]?.(next, data(event["data"]), event, lane);
}

/** What is told of a sub-agent's own things is no matter of the session's. */
const main =
  (handler: Handler): Handler =>
  (next, told, event, lane) => {
    if (lane === "") handler(next, told, event, lane);
  };

const HANDLERS: Record<string, Handler> = {
  session_start: start,
  init: (next, told, event) => start(next, told, event),
  session_end: (next) => {
    next.next.state = "ended";
    next.next.ended ??= { status: null, signal: null, message: "" };
  },
  state: main((next, told) => {
    const state = text(told["state"]);
    if (state !== next.next.state) next.next.retry = null;
    next.next.state = state || next.next.state;
    next.next.turnId = textOrNull(told["turn_id"]);
    next.next.queued = number(told["queued"]) ?? next.next.queued;
    if (!next.inner.lists) next.next.queue = waiting(told["queue"]);
  }),
  queue: main((next, told) => {
    next.inner.lists = true;
    next.next.queue = waiting(told["prompts"]);
  }),
  notice: (next, told, event, lane) => {
    const level = told["level"];
    next.add<NoticeEntry>(lane, {
      kind: "notice",
      seq: event.seq ?? 0,
      level: level === "warning" || level === "error" ? level : "info",
      text: text(told["text"]),
      command: text(told["command"]),
    });
  },
  slash_command: main((next, told, event) => {
    closeAll(next, "");
    const commandId = text(told["command_id"]);
    next.inner.commanded = text(told["command"]);
    next.add<CommandEntry>("", {
      kind: "command",
      seq: event.seq ?? 0,
      command: text(told["command"]),
      args: text(told["args"]),
      by: next.by(text(told["origin"]), commandId),
      commandId,
      proposed: textOrNull(told["proposed"]),
    });
  }),
  mode_changed: main((next, told, event) => {
    next.next.mode = text(told["to"]) || next.next.mode;
    changed(next, "mode", told, event);
  }),
  model_changed: main((next, told, event) => {
    next.next.model = text(told["to"]) || next.next.model;
    changed(next, "model", told, event);
  }),
  session_changed: main((next, told, event) => {
    next.remove("", 0);
    next.next.lanes = new Map();
    next.inner.open = new Map();
    next.next.todos = [];
    next.next.rewindPoints = next.next.rewindPreview = null;
    // What the program used before is in the next that it tells; until then it is no matter of this one.
    next.next.usage = unused;
    next.next.sessionId = text(told["to"]) || next.next.sessionId;
    changed(next, "session", told, event);
  }),
  tool_progress: (next, told, event, lane) => progress(next, told, lane, event.seq ?? 0),
  model_retry: main((next, told) => {
    next.next.retry = {
      attempt: number(told["attempt"]) ?? 0,
      attempts: number(told["attempts"]),
      delayMs: number(told["delay_ms"]) ?? 0,
      message: text(told["message"]),
    };
  }),
  usage: (next, told, _event, lane) => used(next, told, lane),
  compact_boundary: main((next, told, event) => {
    const after = number(told["tokens_after"]) ?? 0;
    next.next.usage = { ...next.next.usage, contextTokens: after };
    next.add<CompactEntry>("", {
      kind: "compact",
      seq: event.seq ?? 0,
      trigger: text(told["trigger"]),
      before: number(told["tokens_before"]) ?? 0,
      after,
      summary: text(told["summary"]),
    });
  }),
  gap: (next, told) => gap(next, number(told["dropped"]) ?? 1),
  rewound: main(rewound),
  rewind_preview: (next, told) => {
    next.next.rewindPreview = told as unknown as RewoundData;
  },
  rewind_points: (next, told) => {
    next.next.rewindPoints = told as unknown as RewindPointsData;
  },
  sessions: (next, told) => {
    next.next.saved = told as unknown as SavedSessionsData;
  },
  draft: (next, told) => {
    next.next.draft = told as unknown as DraftData;
  },
  ui: (next, told) => {
    next.next.ui = { focus: text(told["focus"]), draft_empty: told["draft_empty"] === true };
  },
  proposals: (next, told) => {
    next.next.proposals = records(told["proposals"]).map(
      (one) => ({ ...one, text: text(one["text"]) }) as unknown as Proposal,
    );
  },
  hosts_changed: (next, told) => {
    next.next.hosts = records(told["hosts"]) as unknown as PresentHost[];
  },
  mcp: (next, told) => {
    const servers = new Map(told["complete"] === true ? [] : next.next.mcp);
    for (const server of records(told["servers"])) {
      servers.set(text(server["name"]), server as unknown as McpServerData);
    }
    next.next.mcp = servers;
  },
  hook_started: (next, told) => {
    const what = text(told["status_message"]) || `Hook ${text(told["hook_name"])}`;
    next.next.hooks = new Map([...next.next.hooks, [text(told["hook_id"]), what]]);
  },
  hook_response: (next, told) => {
    const hooks = new Map(next.next.hooks);
    if (hooks.delete(text(told["hook_id"]))) next.next.hooks = hooks;
  },
  task_started: (next, told) => task(next, "task_started", told),
  task_notification: (next, told) => task(next, "task_notification", told),
};

function start(next: Building, told: Data, event: ProgramEvent): void {
  // Qwen Code without a screen says the same at the top of the event.
  const all: Data = Object.keys(told).length > 0 ? told : event;
  const greeting: Greeting = {
    ...next.next.greeting,
    ...all,
    known: true,
    supported_commands: texts(all["supported_commands"]),
  };
  next.next.greeting = greeting;
  if (!next.told) next.next.state = "idle"; // it begins: nothing of what an earlier run of it was at goes on
  next.next.sessionId = text(event.session_id) || text(all["session_id"]) || next.next.sessionId;
  next.next.model = text(all["model"]) || next.next.model;
  next.next.mode = text(all["approval_mode"]) || text(all["permissionMode"]) || next.next.mode;
}

const COMMANDS: Record<ChangeEntry["what"], string> = { mode: "approval-mode", model: "model", session: "" };

/** Events are missing. */
export function gap(next: Building, count: number): void {
  if (count <= 0) return;
  for (const lane of ["", ...next.next.lanes.keys()]) closeAll(next, lane);
  next.add<GapEntry>("", { kind: "gap", seq: 0, count });
}

function changed(next: Building, what: ChangeEntry["what"], told: Data, event: ProgramEvent): void {
  const commanded = next.inner.commanded;
  next.inner.commanded = "";
  // What a command did is said by its answer.
  if (commanded !== "" && commanded === COMMANDS[what]) return;
  const at = next.entries("").length - 1;
  const last = next.entries("")[at];
  if (what !== "session" && last?.kind === "change" && last.what === what) {
    const by = next.by(text(told["origin"]), text(told["command_id"]));
    next.replace("", at, { ...last, seq: event.seq ?? 0, to: text(told["to"]), by });
    return;
  }
  next.add<ChangeEntry>("", {
    kind: "change",
    seq: event.seq ?? 0,
    what,
    from: text(told["from"]),
    to: text(told["to"]),
    by: next.by(text(told["origin"]), text(told["command_id"])),
  });
}

function used(next: Building, told: Data, lane: string): void {
  const total = data(told["total"]);
  const input = number(told["input_tokens"]) ?? 0;
  const output = number(told["output_tokens"]) ?? 0;
  const mine = lane === "" && number(told["context_tokens"]) !== null;
  const before = next.next.usage;
  next.next.usage = {
    contextTokens: mine ? number(told["context_tokens"]) : before.contextTokens,
    contextWindow: mine ? number(told["context_window"]) : before.contextWindow,
    inputTokens: mine ? input : before.inputTokens,
    outputTokens: mine ? output : before.outputTokens,
    total: {
      input_tokens: number(total["input_tokens"]) ?? 0,
      output_tokens: number(total["output_tokens"]) ?? 0,
      cache_read_input_tokens: number(total["cache_read_input_tokens"]) ?? 0,
      cost_usd: number(total["cost_usd"]),
    },
  };
}

function rewound(next: Building, told: Data, event: ProgramEvent): void {
  const to = text(told["to"]);
  let taken: readonly RewoundEntry["taken"][number][] = [];
  if (told["conversation"] === true) {
    closeAll(next, "");
    const tokens = number(told["context_tokens"]);
    next.next.usage = { ...next.next.usage, contextTokens: tokens ?? next.next.usage.contextTokens };
    next.next.todos = [];
    const at = next.last("", (entry) => "uuid" in entry && entry.uuid === to);
    if (told["undo"] !== true) {
      // A prompt that nobody told here is an earlier one: all that is here came after it.
      taken = next.remove("", Math.max(0, at));
    } else if (at >= 0) {
      const mark = next.remove("", at, at + 1)[0];
      const back = mark?.kind === "rewound" ? mark.taken : [];
      const behind = next.remove("", at);
      for (const entry of [...back, ...behind]) next.put("", entry);
    }
  }
  next.add<RewoundEntry>("", {
    kind: "rewound",
    seq: event.seq ?? 0,
    uuid: text(event["uuid"]),
    data: told as unknown as RewoundData,
    taken,
  });
}

function waiting(value: unknown): readonly WaitingPrompt[] {
  return records(value).map(
    (one) => ({ ...one, text: text(one["text"]), origin: text(one["origin"]) }) as unknown as WaitingPrompt,
  );
}
