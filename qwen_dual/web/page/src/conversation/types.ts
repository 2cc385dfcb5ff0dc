/**
 * What a session's events come to: all that the page shows of it, but for the terminal.
 *
 * A conversation is never changed: `apply` makes the next one, in which everything that stayed the same
 * is the same object, so that whoever shows it need only look at what is another one.
 * All texts are as they came: whoever shows one sees to what hides in it.
 */

import type {
  DraftData,
  FileDiff,
  ImageReference,
  ImageSource,
  McpServerData,
  PermissionRequest,
  PresentHost,
  Preview,
  Proposal,
  RewindPointsData,
  RewoundData,
  SavedSessionsData,
  SessionStartData,
  ToolOutcome,
  TotalUsage,
  TurnError,
  UiData,
  WaitingPrompt,
} from "../../../../../docs/schema/qwen-dual";

export type { FileDiff, PermissionRequest, Preview, Proposal, RewoundData, WaitingPrompt };

export interface Conversation {
  /** Which session this is, and what its program says of itself. */
  readonly sessionId: string;
  readonly greeting: Greeting;
  /** What has been said, in order; those of sub-agents are in `lanes`. */
  readonly entries: readonly Entry[];
  /** The sub-agents' conversations, by the call that each works for, in the order in which they began. */
  readonly lanes: ReadonlyMap<string, Lane>;
  /** Requests that wait for an answer, the oldest first. */
  readonly requests: readonly Request[];
  /** Prompts that a person is to look at before they run, the oldest first. */
  readonly proposals: readonly Proposal[];
  /** The prompts that wait, the next to run first; `queued` counts them all. */
  readonly queue: readonly WaitingPrompt[];
  readonly queued: number;
  /** `idle`, `thinking`, `responding`, `running_tool`, `awaiting_approval` or `compacting`. */
  readonly state: string;
  readonly turnId: string | null;
  readonly mode: string;
  readonly model: string;
  readonly usage: UsageSoFar;
  /** The model's list as it stands. */
  readonly todos: readonly Todo[];
  /** A failed model call that is about to be made again. */
  readonly retry: Retry | null;
  /** What is typed in the terminal; null unless it is watched. */
  readonly draft: DraftData | null;
  /** What takes the person's keys in the terminal. */
  readonly ui: UiData;
  readonly hosts: readonly PresentHost[];
  readonly mcp: ReadonlyMap<string, McpServerData>;
  /** Hooks that run, in words, by their run. */
  readonly hooks: ReadonlyMap<string, string>;
  /** The latest answers to what was asked for: prompts to go back to, a preview of that, saved sessions. */
  readonly rewindPoints: RewindPointsData | null;
  readonly rewindPreview: RewoundData | null;
  readonly saved: SavedSessionsData | null;
  /** What is told is of now: all that was missed has been told (`replayed`). */
  readonly live: boolean;
  /** How it ended; null while it runs. */
  readonly ended: Ended | null;
  /** The number of the last event, to go on from. */
  readonly seq: number;
  readonly epoch: string;
  /** What the reducer alone needs. */
  readonly inner: unknown;
}

/** A `session_start`, as far as the program tells; `known` is false before it. */
export interface Greeting extends Partial<Omit<SessionStartData, "supported_commands">> {
  readonly known: boolean;
  readonly supported_commands: readonly string[];
}

export interface Ended {
  readonly status: number | null;
  readonly signal: number | null;
  readonly message: string;
}

export interface UsageSoFar {
  readonly contextTokens: number | null;
  readonly contextWindow: number | null;
  /** Of the last model call. */
  readonly inputTokens: number;
  readonly outputTokens: number;
  /** Of all of them; `cost_usd` is null where it is not known. */
  readonly total: TotalUsage;
}

export interface Todo {
  readonly text: string;
  readonly status: "pending" | "in_progress" | "completed";
}

export interface Retry {
  readonly attempt: number;
  readonly attempts: number | null;
  readonly delayMs: number;
  readonly message: string;
}

export interface Request {
  readonly id: string;
  /** The sub-agent's call that it comes from; empty for the main agent. */
  readonly lane: string;
  readonly seq: number;
  /** As it came; `tool_name`, `tool_use_id` and `input` are there always. */
  readonly request: PermissionRequest;
}

export interface Lane {
  /** The call that it works for. */
  readonly id: string;
  /** The lane that this call stands in; empty for the main one. */
  readonly above: string;
  /** Who works, and at what, in a few words; both empty where nobody told. */
  readonly name: string;
  readonly description: string;
  readonly entries: readonly Entry[];
  readonly state: "working" | "completed" | "failed" | "stopped";
  readonly background: boolean;
  readonly calls: number;
  readonly tokens: number;
}

// -- entries ----------------------------------------------------------------------------------------------

export type Entry =
  | PromptEntry
  | CommandEntry
  | TextEntry
  | ToolEntry
  | NoticeEntry
  | ChangeEntry
  | EndEntry
  | CompactEntry
  | RewoundEntry
  | GapEntry;

interface Common {
  /** Tells entries of one conversation apart, and is kept while an entry changes. */
  readonly key: number;
  /** The event that a mark of the terminal names for it (`OSC 7502`); 0 for none. */
  readonly seq: number;
}

/** Who said or did something: `keyboard`, `input`, `host:NAME`, `cli`, `sdk`, `agent`, or nothing told. */
export interface By {
  readonly origin: string;
  /** The name of who gave the command in a browser. */
  readonly name: string;
}

export interface PromptEntry extends Common {
  readonly kind: "prompt";
  readonly uuid: string;
  readonly text: string;
  readonly images: readonly Picture[];
  readonly by: By;
  readonly commandId: string;
  /** It joined the turn that ran. */
  readonly steered: boolean;
  /** What was submitted, where a person made something else of it; who submitted it, where another edited it. */
  readonly proposed: string | null;
  readonly submittedBy: string | null;
}

export interface CommandEntry extends Common {
  readonly kind: "command";
  readonly command: string;
  readonly args: string;
  readonly by: By;
  readonly commandId: string;
  readonly proposed: string | null;
}

/**
 * A part of an answer or of a thought: what belongs together has one `block`, and its parts follow each other.
 *
 * The sources of all parts, one after the other, are the whole text. A part can be read by itself: with
 * `prefix` before it where it goes on in the middle of code or of a table.
 */
export interface TextEntry extends Common {
  readonly kind: "text" | "thinking";
  readonly block: number;
  readonly part: number;
  readonly source: string;
  readonly prefix: string;
  /** More of it may come. */
  readonly open: boolean;
  /** It tells of a model call that failed. */
  readonly failure: boolean;
}

export type ToolState =
  /** Its arguments come in. */
  | "writing"
  /** It has not begun to run, or nobody told. */
  | "waiting"
  | "asking"
  | "running"
  | "done"
  | "failed"
  | "denied"
  /** The turn ended without a result of it. */
  | "dropped";

export interface ToolEntry extends Common {
  readonly kind: "tool";
  /** The event by which it was first heard of; `seq` is that of its result, once there is one. */
  readonly began: number;
  readonly id: string;
  readonly name: string;
  readonly state: ToolState;
  /** Null until they have come in; `argumentChars` counts meanwhile. */
  readonly input: Readonly<Record<string, unknown>> | null;
  readonly argumentChars: number;
  /** What it is about while it runs, in the program's words; empty where it tells none. */
  readonly about: string;
  /** The latest lines that it printed while it ran. */
  readonly output: string;
  /** What it does, for reading: the command, the change. */
  readonly preview: Preview | null;
  readonly asked: Asked | null;
  readonly result: ToolResult | null;
  readonly todos: readonly Todo[] | null;
  /** Whether a sub-agent works for it, whose lane has its `id`. */
  readonly agent: boolean;
}

/** Who was asked about a call, and what came of it: `allowed` is null as long as it waits. */
export interface Asked {
  readonly requestId: string;
  readonly allowed: boolean | null;
  readonly by: By;
  readonly reason: string;
}

export interface ToolResult {
  readonly text: string;
  readonly images: readonly Picture[];
  readonly isError: boolean;
  /** `exit_code`, `signal`, `duration_ms`, `note` and so on, as far as the program tells. */
  readonly outcome: ToolOutcome;
}

export interface Picture {
  readonly name: string;
  readonly title: string;
  /** Its bytes, or what is told of them. */
  readonly source: ImageSource | ImageReference | null;
}

export interface NoticeEntry extends Common {
  readonly kind: "notice";
  readonly level: "info" | "warning" | "error";
  readonly text: string;
  /** The slash command whose output it is; empty for none. */
  readonly command: string;
}

/** The mode, the model or the session gave way to another. */
export interface ChangeEntry extends Common {
  readonly kind: "change";
  readonly what: "mode" | "model" | "session";
  readonly from: string;
  readonly to: string;
  readonly by: By;
}

/** The end of a turn. */
export interface EndEntry extends Common {
  readonly kind: "end";
  /** `end_turn`, `interrupted`, `error`, `denied`, `max_turns` … */
  readonly reason: string;
  readonly error: TurnError | null;
  readonly commandId: string;
  readonly durationMs: number | null;
  readonly inputTokens: number;
  readonly outputTokens: number;
  readonly costSoFar: number | null;
  /** How many model calls it made; 0 for a slash command. */
  readonly calls: number;
}

export interface CompactEntry extends Common {
  readonly kind: "compact";
  readonly trigger: string;
  readonly before: number;
  readonly after: number;
  readonly summary: string;
}

/** The session went back to before a prompt; what stood here is `taken`, and comes again if that is undone. */
export interface RewoundEntry extends Common {
  readonly kind: "rewound";
  readonly uuid: string;
  readonly data: RewoundData;
  readonly taken: readonly Entry[];
}

/** Events are missing that nobody will tell any more. */
export interface GapEntry extends Common {
  readonly kind: "gap";
  readonly count: number;
}
