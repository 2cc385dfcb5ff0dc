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
export function user(building: Building, event: ProgramEvent, lane: string): void {
  const content = data(event["message"])["content"];
  for (const block of records(content)) {
    if (block["type"] === "tool_result") toolResult(building, block, event, lane);
  }
  const said = typeof content === "string" ? content : textIn(content);
  const images = pictures(content);
  if (said === "" && images.length === 0) return;
  closeAll(building, lane);
  const commandId = text(event["command_id"]);
  building.add<PromptEntry>(lane, {
    kind: "prompt",
    seq: event.seq ?? 0,
    uuid: text(event["uuid"]),
    text: said,
    images,
    by: building.by(text(event["origin"]), commandId),
    commandId,
    steered: event["steered"] === true,
    proposed: textOrNull(event["proposed"]),
    submittedBy: textOrNull(event["submitted_by"]),
  });
  if (lane !== "") return;
  building.conversation.todos = event["steered"] === true ? building.conversation.todos : [];
  if (!building.tellsState) {
    dropRequests(building);
    building.inner.calls = 0;
    building.conversation.state = "thinking";
  }
}

/** Takes a `result`. */
export function result(building: Building, event: ProgramEvent): void {
  closeAll(building, "");
  const calls = number(event["num_turns"]) ?? 0;
  const usage = data(event["usage"]);
  const failure = data(event["error"]);
  const error = typeof failure["message"] === "string" ? failure : null;
  if (calls > 0 || error) endCalls(building);
  if (error) dropFailures(building);
  building.inner.commanded = "";
  if (!building.tellsState) building.conversation.state = "idle";
  const cost = number(event["total_cost_usd"]);
  building.conversation.usage = {
    ...building.conversation.usage,
    contextTokens: number(event["context_tokens"]) ?? building.conversation.usage.contextTokens,
    contextWindow: number(event["context_window"]) ?? building.conversation.usage.contextWindow,
  };
  const reason = text(event["stop_reason"]) || (event["is_error"] === true ? "error" : "end_turn");
  building.add<EndEntry>("", {
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
export function stopped(building: Building, reason: string): void {
  const last = building.entries("").at(-1);
  if (building.tellsState || (last?.kind === "end" && last.reason === reason)) return;
  for (const lane of ["", ...building.conversation.lanes.keys()]) closeAll(building, lane);
  dropRequests(building);
  endCalls(building);
  building.conversation.state = "idle";
  building.add<EndEntry>("", {
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

type Handler = (building: Building, told: Data, event: ProgramEvent, lane: string) => void;

/** Takes a `system` event. */
export function system(building: Building, event: ProgramEvent, lane: string): void {
  HANDLERS[event.subtype ?? ""]?.(building, data(event["data"]), event, lane);
}

/** What is told of a sub-agent's own things is no matter of the session's. */
const main =
  (handler: Handler): Handler =>
  (building, told, event, lane) => {
    if (lane === "") handler(building, told, event, lane);
  };

const HANDLERS: Record<string, Handler> = {
  session_start: start,
  init: (building, told, event) => start(building, told, event),
  session_end: (building) => {
    building.conversation.state = "ended";
    building.conversation.ended ??= { status: null, signal: null, message: "" };
  },
  state: main((building, told) => {
    const state = text(told["state"]);
    if (state !== building.conversation.state) building.conversation.retry = null;
    building.conversation.state = state || building.conversation.state;
    building.conversation.turnId = textOrNull(told["turn_id"]);
    building.conversation.queued = number(told["queued"]) ?? building.conversation.queued;
    if (!building.inner.lists) building.conversation.queue = waiting(told["queue"]);
  }),
  queue: main((building, told) => {
    building.inner.lists = true;
    building.conversation.queue = waiting(told["prompts"]);
  }),
  notice: (building, told, event, lane) => {
    const level = told["level"];
    building.add<NoticeEntry>(lane, {
      kind: "notice",
      seq: event.seq ?? 0,
      level: level === "warning" || level === "error" ? level : "info",
      text: text(told["text"]),
      command: text(told["command"]),
    });
  },
  slash_command: main((building, told, event) => {
    closeAll(building, "");
    const commandId = text(told["command_id"]);
    building.inner.commanded = text(told["command"]);
    building.add<CommandEntry>("", {
      kind: "command",
      seq: event.seq ?? 0,
      command: text(told["command"]),
      args: text(told["args"]),
      by: building.by(text(told["origin"]), commandId),
      commandId,
      proposed: textOrNull(told["proposed"]),
    });
  }),
  mode_changed: main((building, told, event) => {
    building.conversation.mode = text(told["to"]) || building.conversation.mode;
    changed(building, "mode", told, event);
  }),
  model_changed: main((building, told, event) => {
    building.conversation.model = text(told["to"]) || building.conversation.model;
    changed(building, "model", told, event);
  }),
  session_changed: main((building, told, event) => {
    building.remove("", 0);
    building.conversation.lanes = new Map();
    building.inner.open = new Map();
    building.conversation.todos = [];
    building.conversation.rewindPoints = building.conversation.rewindPreview = null;
    // What the program used before is in the next that it tells; until then it is no matter of this one.
    building.conversation.usage = unused;
    building.conversation.sessionId = text(told["to"]) || building.conversation.sessionId;
    changed(building, "session", told, event);
  }),
  tool_progress: (building, told, event, lane) => progress(building, told, lane, event.seq ?? 0),
  model_retry: main((building, told) => {
    building.conversation.retry = {
      attempt: number(told["attempt"]) ?? 0,
      attempts: number(told["attempts"]),
      delayMs: number(told["delay_ms"]) ?? 0,
      message: text(told["message"]),
    };
  }),
  usage: (building, told, _event, lane) => used(building, told, lane),
  compact_boundary: main((building, told, event) => {
    const after = number(told["tokens_after"]) ?? 0;
    building.conversation.usage = { ...building.conversation.usage, contextTokens: after };
    building.add<CompactEntry>("", {
      kind: "compact",
      seq: event.seq ?? 0,
      trigger: text(told["trigger"]),
      before: number(told["tokens_before"]) ?? 0,
      after,
      summary: text(told["summary"]),
    });
  }),
  gap: (building, told) => gap(building, number(told["dropped"]) ?? 1),
  rewound: main(rewound),
  rewind_preview: (building, told) => {
    building.conversation.rewindPreview = told as unknown as RewoundData;
  },
  rewind_points: (building, told) => {
    building.conversation.rewindPoints = told as unknown as RewindPointsData;
  },
  sessions: (building, told) => {
    building.conversation.saved = told as unknown as SavedSessionsData;
  },
  draft: (building, told) => {
    building.conversation.draft = told as unknown as DraftData;
  },
  ui: (building, told) => {
    building.conversation.ui = { focus: text(told["focus"]), draft_empty: told["draft_empty"] === true };
  },
  proposals: (building, told) => {
    building.conversation.proposals = records(told["proposals"]).map(
      (one) => ({ ...one, text: text(one["text"]) }) as unknown as Proposal,
    );
  },
  hosts_changed: (building, told) => {
    building.conversation.hosts = records(told["hosts"]) as unknown as PresentHost[];
  },
  mcp: (building, told) => {
    const servers = new Map(told["complete"] === true ? [] : building.conversation.mcp);
    for (const server of records(told["servers"])) {
      servers.set(text(server["name"]), server as unknown as McpServerData);
    }
    building.conversation.mcp = servers;
  },
  hook_started: (building, told) => {
    const what = text(told["status_message"]) || `Hook ${text(told["hook_name"])}`;
    building.conversation.hooks = new Map([...building.conversation.hooks, [text(told["hook_id"]), what]]);
  },
  hook_response: (building, told) => {
    const hooks = new Map(building.conversation.hooks);
    if (hooks.delete(text(told["hook_id"]))) building.conversation.hooks = hooks;
  },
  task_started: (building, told) => task(building, "task_started", told),
  task_notification: (building, told) => task(building, "task_notification", told),
};

function start(building: Building, told: Data, event: ProgramEvent): void {
  // Qwen Code without a screen says the same at the top of the event.
  const all: Data = Object.keys(told).length > 0 ? told : event;
  const greeting: Greeting = {
    ...building.conversation.greeting,
    ...all,
    known: true,
    supported_commands: texts(all["supported_commands"]),
  };
  building.conversation.greeting = greeting;
  // It begins: nothing of what an earlier run of it was at goes on.
  if (!building.tellsState) building.conversation.state = "idle";
  const sessionId = text(event.session_id) || text(all["session_id"]);
  building.conversation.sessionId = sessionId || building.conversation.sessionId;
  building.conversation.model = text(all["model"]) || building.conversation.model;
  building.conversation.mode = text(all["approval_mode"]) || text(all["permissionMode"]) || building.conversation.mode;
}

const COMMANDS: Record<ChangeEntry["what"], string> = { mode: "approval-mode", model: "model", session: "" };

/** Events are missing. */
export function gap(building: Building, count: number): void {
  if (count <= 0) return;
  for (const lane of ["", ...building.conversation.lanes.keys()]) closeAll(building, lane);
  building.add<GapEntry>("", { kind: "gap", seq: 0, count });
}

function changed(building: Building, what: ChangeEntry["what"], told: Data, event: ProgramEvent): void {
  const commanded = building.inner.commanded;
  building.inner.commanded = "";
  // What a command did is said by its answer.
  if (commanded !== "" && commanded === COMMANDS[what]) return;
  const at = building.entries("").length - 1;
  const last = building.entries("")[at];
  if (what !== "session" && last?.kind === "change" && last.what === what) {
    const by = building.by(text(told["origin"]), text(told["command_id"]));
    building.replace("", at, { ...last, seq: event.seq ?? 0, to: text(told["to"]), by });
    return;
  }
  building.add<ChangeEntry>("", {
    kind: "change",
    seq: event.seq ?? 0,
    what,
    from: text(told["from"]),
    to: text(told["to"]),
    by: building.by(text(told["origin"]), text(told["command_id"])),
  });
}

function used(building: Building, told: Data, lane: string): void {
  const total = data(told["total"]);
  const input = number(told["input_tokens"]) ?? 0;
  const output = number(told["output_tokens"]) ?? 0;
  const mine = lane === "" && number(told["context_tokens"]) !== null;
  const before = building.conversation.usage;
  building.conversation.usage = {
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

function rewound(building: Building, told: Data, event: ProgramEvent): void {
  const to = text(told["to"]);
  let taken: readonly RewoundEntry["taken"][number][] = [];
  if (told["conversation"] === true) {
    closeAll(building, "");
    const tokens = number(told["context_tokens"]);
    const { usage } = building.conversation;
    building.conversation.usage = { ...usage, contextTokens: tokens ?? usage.contextTokens };
    building.conversation.todos = [];
    const at = building.last("", (entry) => "uuid" in entry && entry.uuid === to);
    if (told["undo"] !== true) {
      // A prompt that nobody told here is an earlier one: all that is here came after it.
      taken = building.remove("", Math.max(0, at));
    } else if (at >= 0) {
      const mark = building.remove("", at, at + 1)[0];
      const back = mark?.kind === "rewound" ? mark.taken : [];
      const behind = building.remove("", at);
      for (const entry of [...back, ...behind]) building.put("", entry);
    }
  }
  building.add<RewoundEntry>("", {
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
