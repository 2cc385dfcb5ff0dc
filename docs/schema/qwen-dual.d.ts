// The lines of a dual-output session (protocol version 2), generated from the JSON
// Schema beside this file by `make schema`. Ignore keys and events that you do not know: additions are
// not a new version.

/** One run of blocks of one kind. */
export interface AssistantEvent {
  uuid: string;
  session_id: string;
  parent_tool_use_id: string | null;
  seq: number;
  type: "assistant";
  message: AssistantMessage;
}

/** The message of an `assistant` event. */
export interface AssistantMessage {
  id: string;
  type: "message";
  role: "assistant";
  model: string;
  content: (TextBlock | ThinkingBlock | ToolUseBlock | ToolResultBlock | ImageBlock)[];
  stop_reason: "tool_use" | null;
  usage: Usage;
}

/** A model has judged whether a call may run: `auto` mode. */
export interface AutoVerdict {
  uuid: string;
  session_id: string;
  parent_tool_use_id: string | null;
  seq: number;
  type: "system";
  subtype: "auto_verdict";
  data: AutoVerdictData;
}

/**
 * What became of a call that neither a rule nor a guard had decided.
 *
 * `verdict` is `ask` for all that is no plain yes or no; `cause` says why it is what it is.
 */
export interface AutoVerdictData {
  tool_use_id: string;
  tool_name: string;
  verdict: "allow" | "deny" | "ask";
  reason: string;
  cause: "judged" | "cached" | "unsure" | "timeout" | "failed" | "invalid" | "too_large" | "denials" | "failures";
  model: string | null;
  duration_ms: number;
  usage: Usage;
  resolved_by: "auto";
}

/** A piece of the block with this index. */
export interface BlockDelta {
  type: "content_block_delta";
  index: number;
  delta: TextDelta | ThinkingDelta | InputJsonDelta;
}

/** A block begins; empty but for its kind and a tool's id and name. */
export interface BlockStart {
  type: "content_block_start";
  index: number;
  content_block: TextBlock | ThinkingBlock | ToolUseBlock | ToolResultBlock | ImageBlock;
}

/** The block is complete. */
export interface BlockStop {
  type: "content_block_stop";
  index: number;
}

/** Take the prompt with the id `target` out of the queue; whoever submitted it gets a receipt. */
export interface Cancel {
  id?: string | number | null;
  type: "cancel";
  target: string | number;
}

/** Something in force gave way to something else. */
export interface Change {
  uuid: string;
  session_id: string;
  parent_tool_use_id: string | null;
  seq: number;
  type: "system";
  subtype: "mode_changed" | "model_changed" | "session_changed";
  data: ChangeData;
}

export interface ChangeData {
  from: string;
  to: string;
  origin: "keyboard" | "input" | "cli" | "sdk" | "agent" | string;
}

/** Begin a new conversation, as `/clear` does; refused while something runs. */
export interface Clear {
  id?: string | number | null;
  type: "clear";
}

/** Between what was summarised and what follows. */
export interface CompactBoundary {
  uuid: string;
  session_id: string;
  parent_tool_use_id: string | null;
  seq: number;
  type: "system";
  subtype: "compact_boundary";
  data: CompactBoundaryData;
}

/** The older part of the conversation gave way to `summary`; empty where results were cut. */
export interface CompactBoundaryData {
  trigger: "auto" | "manual";
  tokens_before: number;
  tokens_after: number;
  summary?: string;
}

/**
 * Ask for a `completions` event: what may follow at `cursor` in `text`. Only this host is told.
 *
 * `cursor` counts code points from 0; without it, it is at the end. What begins with a slash takes the
 * right to control, as running it does.
 */
export interface Complete {
  id?: string | number | null;
  type: "complete";
  text: string;
  cursor?: number | null;
  limit?: number;
}

export interface Completion {
  kind: "command" | "argument" | "file" | "folder" | "resource";
  text: string;
  label: string;
  from: number;
  to: number;
  detail?: string;
  hint?: string;
  exact?: boolean;
}

/**
 * What may follow, the best first.
 *
 * `more`: there are others. `partial`: not all was looked at, since the folder is still being listed, or
 * since a later `complete` came.
 */
export interface CompletionsData {
  candidates: Completion[];
  more: boolean;
  partial: boolean;
  command_id: string | null;
}

/**
 * In answer to `complete`; told to who asked alone.
 *
 * It has no place of its own in the sequence: `seq` is that of the event before it.
 */
export interface CompletionsEvent {
  uuid: string;
  session_id: string;
  parent_tool_use_id: string | null;
  seq: number;
  type: "system";
  subtype: "completions";
  data: CompletionsData;
}

/**
 * Answer a pending `control_request`.
 *
 * `mode` is how to go on with a plan that is allowed: in the mode before it (`previous`), asking
 * for each change (`default`, unless given), or with edits accepted (`auto-edit`).
 */
export interface ConfirmationResponse {
  id?: string | number | null;
  type: "confirmation_response";
  request_id: string;
  allowed: boolean;
  message?: string | null;
  updated_input?: Record<string, unknown> | null;
  remember?: "project" | "session" | "user" | null;
  mode?: "auto-edit" | "default" | "previous" | null;
}

/** An answer came to a request that is not pending. */
export interface ControlFailure {
  subtype: "error";
  request_id: string;
  error: string;
}

/** A tool call waits for leave. */
export interface ControlRequest {
  type: "control_request";
  request_id: string;
  request: PermissionRequest;
  parent_tool_use_id?: string;
  session_id: string;
  seq: number;
}

/** How a request ended. */
export interface ControlResponse {
  type: "control_response";
  response: ControlSuccess | ControlFailure;
  parent_tool_use_id?: string;
  session_id: string;
  seq: number;
}

/** A request was resolved. */
export interface ControlSuccess {
  subtype: "success";
  request_id: string;
  response: Verdict;
  resolved_by: "keyboard" | "input" | "sdk" | "policy" | "interrupt" | "shutdown" | string;
}

/** A call that was not allowed; `parent_tool_use_id` is that of the sub-agent that made it. */
export interface Denial {
  tool_name: string;
  tool_use_id: string;
  tool_input: Record<string, unknown> | null;
  parent_tool_use_id?: string;
}

/**
 * What the person is typing.
 *
 * `cursor` counts code points from 0. `version` is another one after each change of the rest. In
 * `mode` `shell` the draft is a command for the shell. With `cut` not all of the text is told: it
 * is longer than a line holds, or has a key in it; such a draft cannot be set.
 */
export interface DraftData {
  text: string;
  cursor: number;
  version: number;
  mode: "prompt" | "shell";
  cut?: boolean;
}

/**
 * In answer to `get_draft`, and to `watch` after each change; told to who asked alone.
 *
 * It has no place of its own in the sequence: `seq` is that of the event before it.
 */
export interface DraftEvent {
  uuid: string;
  session_id: string;
  parent_tool_use_id: string | null;
  seq: number;
  type: "system";
  subtype: "draft";
  data: DraftData;
}

/** Change the words of a prompt that waits; it keeps its place, its id and its images. */
export interface EditQueued {
  id?: string | number | null;
  type: "edit_queued";
  target: string | number;
  text: string;
}

/**
 * Ask for an `export` event: a part of the session as a document. Only this host is told.
 *
 * `part` 0 makes the document, and says how many parts there are; the others are of the same one.
 */
export interface Export {
  id?: string | number | null;
  type: "export";
  format?: "html" | "json" | "jsonl" | "markdown" | "md";
  part?: number;
}

/** A part of the document, counted from 0, of `parts`; all of them joined are what `/export` writes. */
export interface ExportData {
  format: "md" | "json" | "jsonl" | "html";
  part: number;
  parts: number;
  text: string;
  command_id: string | null;
}

/** In answer to `export`; told to who asked alone. */
export interface ExportEvent {
  uuid: string;
  session_id: string;
  parent_tool_use_id: string | null;
  seq: number;
  type: "system";
  subtype: "export";
  data: ExportData;
}

/**
 * How one file changes; `path` is absolute, `added` and `removed` count its lines.
 *
 * The counts are of the whole change. With `cut` there is more than `hunks` hold: the last of them
 * may end early, its counts being of what it has.
 */
export interface FileDiff {
  path: string;
  change: "add" | "modify" | "delete";
  added: number;
  removed: number;
  hunks: Hunk[];
  cut: boolean;
}

/** In place of what this reader will never get; its `seq` is `to_seq`. */
export interface Gap {
  uuid: string;
  session_id: string;
  parent_tool_use_id: string | null;
  seq: number;
  type: "system";
  subtype: "gap";
  data: GapData;
}

/** Events that this reader will never get, both ends included. */
export interface GapData {
  from_seq: number;
  to_seq: number;
  dropped: number;
}

/** Ask for a `draft` event: what the person is typing. Only this host is told. */
export interface GetDraft {
  id?: string | number | null;
  type: "get_draft";
}

/** Ask for a `state` event. */
export interface GetState {
  id?: string | number | null;
  type: "get_state";
}

/** In a `session_start`: what the host that reads it is called here, and what it may do. */
export interface GrantedHost {
  name: string;
  rights: ("observe" | "approve" | "submit" | "control")[];
}

/**
 * The first line of a connection to a session's socket: who it is, and what it wants to do.
 *
 * `rights` are `observe`, `approve`, `submit` and `control`; without it all that the person
 * lets a host of this name do. `from_seq` is the number of the first event that it has not seen yet.
 */
export interface Hello {
  id?: string | number | null;
  type: "hello";
  name: string;
  rights?: string[] | null;
  from_seq?: number | null;
}

/** A hook has ended, one for each that was told to have begun. */
export interface HookResponse {
  uuid: string;
  session_id: string;
  parent_tool_use_id: string | null;
  seq: number;
  type: "system";
  subtype: "hook_response";
  data: HookResponseData;
}

/**
 * What became of a run of a hook.
 *
 * `decision` is null where it decided nothing that counts; a prompt, a result or an end of a turn
 * that it blocked is `deny`. `message` is what it says to the person. `stdout` and `stderr`
 * are their first 2,000 characters, absent where empty or suppressed.
 */
export interface HookResponseData {
  hook_id: string;
  hook_name: string;
  hook_event: string;
  tool_use_id: string | null;
  source: "Project" | "User" | "System" | "Session";
  outcome: "success" | "blocked" | "error" | "timeout" | "cancelled";
  exit_code: number | null;
  duration_ms: number;
  decision: "allow" | "ask" | "deny" | null;
  reason: string | null;
  changed_input: boolean;
  stopped: boolean;
  message?: string;
  stdout?: string;
  stderr?: string;
}

/** A hook begins to run. */
export interface HookStarted {
  uuid: string;
  session_id: string;
  parent_tool_use_id: string | null;
  seq: number;
  type: "system";
  subtype: "hook_started";
  data: HookStartedData;
}

/** A hook begins to run; `hook_id` is of this run. */
export interface HookStartedData {
  hook_id: string;
  hook_name: string;
  hook_event: string;
  tool_use_id: string | null;
  status_message?: string;
}

/** A host came or went. */
export interface HostsChanged {
  uuid: string;
  session_id: string;
  parent_tool_use_id: string | null;
  seq: number;
  type: "system";
  subtype: "hosts_changed";
  data: HostsChangedData;
}

/** All that are there. */
export interface HostsChangedData {
  hosts: PresentHost[];
}

/**
 * Lines that change, with up to three around them.
 *
 * Starts count from 1; with no lines on a side, its start is the line before. `lines` begin with a
 * blank, `-` or `+` and are exact, a `\r` at their end included; after the last line of a file
 * that has no newline comes `\ No newline at end of file`.
 */
export interface Hunk {
  old_start: number;
  old_lines: number;
  new_start: number;
  new_lines: number;
  lines: string[];
}

/** An image, from a tool. */
export interface ImageBlock {
  type: "image";
  source: ImageSource;
}

/** The bytes of an image, in base64. */
export interface ImageData {
  type: "base64";
  media_type: string;
  data: string;
}

/** An image that is read when the prompt runs, with the leave that any file takes. */
export interface ImageFile {
  type: "path";
  path: string;
}

/** An image of a prompt: PNG, JPEG, GIF or WebP. `name` is what people see it called. */
export interface ImagePart {
  type: "image";
  source: ImageData | ImageFile;
  name?: string | null;
}

/**
 * What is told of an image in place of its bytes.
 *
 * Attributes:
 *     bytes: how many it has, as the model is sent it.
 *     width: in pixels.
 *     height: in pixels.
 *     sha256: of these bytes, in hexadecimal digits.
 */
export interface ImageReference {
  type: "reference";
  media_type: string;
  bytes: number;
  width: number;
  height: number;
  sha256: string;
}

/** The bytes of an image, in base64. */
export interface ImageSource {
  type: "base64";
  media_type: string;
  data: string;
}

/** Where commands are read; those that begin at `offset` or later count. */
export interface InputChannel {
  path: string;
  offset: number;
}

/** A line that could not be used; `offset` is the byte where it begins. */
export interface InputErrorData {
  code: string;
  message: string;
  offset: number;
}

/** For each line of the input that could not be used. */
export interface InputErrorEvent {
  uuid: string;
  session_id: string;
  parent_tool_use_id: string | null;
  seq: number;
  type: "system";
  subtype: "input_error";
  data: InputErrorData;
}

/** A piece of a tool call's arguments. */
export interface InputJsonDelta {
  type: "input_json_delta";
  partial_json: string;
}

/**
 * Stop the turn; what becomes of the prompts that wait, `queue` says.
 *
 * They are kept, or taken out (`clear`), or taken out and a person's own given back to the draft
 * (`return`, what Esc does). With `tool_use_id` only the sub-agent that works for this call is
 * stopped, and those that it set to work; the turn goes on with what it had come to.
 */
export interface Interrupt {
  id?: string | number | null;
  type: "interrupt";
  queue?: "clear" | "keep" | "return";
  tool_use_id?: string | null;
}

/** A file that was left as it is, and why. */
export interface LeftFile {
  path: string;
  why: string;
}

/** Bounds that a host should know. */
export interface Limits {
  max_line_bytes: number;
  max_buffer_bytes: number;
}

/** Ask for a `models` event: those that `set_model` takes. Only this host is told. */
export interface ListModels {
  id?: string | number | null;
  type: "list_models";
}

/** Ask for a `modes` event: those that `set_approval_mode` takes. Only this host is told. */
export interface ListModes {
  id?: string | number | null;
  type: "list_modes";
}

/**
 * Ask for a `sessions` event: the saved sessions of the folder, the newest first.
 *
 * `before` is an `updated_at`: only those that were written to last before then are listed. With
 * `all_folders` it is those of all folders, which takes the right to control.
 */
export interface ListSessions {
  id?: string | number | null;
  type: "list_sessions";
  limit?: number;
  before?: number | null;
  all_folders?: boolean;
}

/** After a change of MCP servers, and in answer to `mcp_status`. */
export interface Mcp {
  uuid: string;
  session_id: string;
  parent_tool_use_id: string | null;
  seq: number;
  type: "system";
  subtype: "mcp";
  data: McpData;
}

/** Add an MCP server for this session; `server` is an entry as in `mcpServers`. */
export interface McpAdd {
  id?: string | number | null;
  type: "mcp_add";
  name: string;
  server: Record<string, unknown>;
}

/** MCP servers that have changed, or with `complete` all: `command_id` of an `mcp_status`. */
export interface McpData {
  servers: McpServerData[];
  complete: boolean;
  command_id?: string | null;
}

/** End an MCP server for this session. */
export interface McpRemove {
  id?: string | number | null;
  type: "mcp_remove";
  name: string;
}

/**
 * One MCP server, now.
 *
 * `state` is `connecting` until its first try has come to something, `failed` while it is not
 * there (tried again after `retry_in` seconds, null: not by itself), `needs_auth` until somebody
 * signs in, `disabled` where the settings leave it out, `disconnected` once it was ended. `source`
 * is who brought it. `error` says why it is not connected, `warnings` what of it is not used.
 * `tools` are the names that the model calls, `prompts` those of its slash commands.
 */
export interface McpServerData {
  name: string;
  state: "connecting" | "connected" | "failed" | "disconnected" | "needs_auth" | "disabled";
  transport: "stdio" | "http" | "sse" | "sdk";
  source: "user" | "project" | "cli" | "host" | "sdk";
  error: string;
  warnings: string[];
  tools: string[];
  prompts: string[];
  resources: number;
  server: string;
  protocol: string;
  retry_in: number | null;
}

/** Ask for a `mcp` event with all servers. */
export interface McpStatus {
  id?: string | number | null;
  type: "mcp_status";
}

/** A model call begins to answer. */
export interface MessageStart {
  type: "message_start";
  message: OpenedMessage;
}

/** The model call is over. */
export interface MessageStop {
  type: "message_stop";
}

/** An approval mode; `why` says why it cannot be had here, where it is not `available`. */
export interface ModeChoice {
  name: "plan" | "default" | "auto-edit" | "auto" | "yolo";
  meaning: string;
  current: boolean;
  available: boolean;
  why?: string;
}

/**
 * A model that `set_model` takes, by its `name`; `id` is what its service calls it.
 *
 * `context_window` is in tokens; `images` says whether it can be shown any, as far as is known.
 * `usable` is false where something stands against a call, which `why` says: a key that is not set.
 */
export interface ModelChoice {
  name: string;
  id: string;
  context_window: number;
  images: boolean;
  usable: boolean;
  current: boolean;
  why?: string;
  label?: string;
  description?: string;
}

/** Before each further try of a model call. */
export interface ModelRetry {
  uuid: string;
  session_id: string;
  parent_tool_use_id: string | null;
  seq: number;
  type: "system";
  subtype: "model_retry";
  data: ModelRetryData;
}

/**
 * A model call that failed before any content and is made again after `delay_ms`.
 *
 * `attempt` is the try that follows, of `attempts`; null where it is tried for ever.
 */
export interface ModelRetryData {
  attempt: number;
  attempts: number | null;
  delay_ms: number;
  message: string;
}

/** After each model call of which the service tells what it took, whoever made it. */
export interface ModelUsage {
  uuid: string;
  session_id: string;
  parent_tool_use_id: string | null;
  seq: number;
  type: "system";
  subtype: "usage";
  data: ModelUsageData;
}

/**
 * What a model call took; `input_tokens` has in it what came from a cache.
 *
 * `turn_id` is the turn that ran meanwhile, `agent` the name of the sub-agent that made it, null for the
 * main agent. `context_tokens` is how much of its conversation there is after it, `context_window` how
 * much the model takes; null for a call that belongs to none. `cost_usd` is null where `modelPricing`
 * has no price for something in it.
 */
export interface ModelUsageData {
  turn_id: string | null;
  agent: string | null;
  model: string;
  input_tokens: number;
  output_tokens: number;
  cache_read_input_tokens: number;
  context_tokens: number | null;
  context_window: number | null;
  cost_usd: number | null;
  total: TotalUsage;
}

/** The models of the session; `more`: an event does not hold all of them. */
export interface ModelsData {
  models: ModelChoice[];
  more: boolean;
  command_id: string | null;
}

/** In answer to `list_models`; told to who asked alone. */
export interface ModelsEvent {
  uuid: string;
  session_id: string;
  parent_tool_use_id: string | null;
  seq: number;
  type: "system";
  subtype: "models";
  data: ModelsData;
}

/** The approval modes, from the one that may do least. */
export interface ModesData {
  modes: ModeChoice[];
  command_id: string | null;
}

/** In answer to `list_modes`; told to who asked alone. */
export interface ModesEvent {
  uuid: string;
  session_id: string;
  parent_tool_use_id: string | null;
  seq: number;
  type: "system";
  subtype: "modes";
  data: ModesData;
}

/** Move a prompt that waits to a position, 1 for the next to run; the end where there are fewer. */
export interface MoveQueued {
  id?: string | number | null;
  type: "move_queued";
  target: string | number;
  position: number;
}

/** A message for the person. */
export interface Notice {
  uuid: string;
  session_id: string;
  parent_tool_use_id: string | null;
  seq: number;
  type: "system";
  subtype: "notice";
  data: NoticeData;
}

/**
 * What the UI tells the person; `command` where a slash command said it.
 *
 * `images` are those that a prompt mentions by `@`, whose titles the text is.
 */
export interface NoticeData {
  level: "info" | "warning" | "error";
  text: string;
  command?: string;
  images?: SubmittedImage[];
}

/** The message that a `message_start` opens; its content follows. */
export interface OpenedMessage {
  id: string;
  role: "assistant";
  model: string;
  content: (TextBlock | ThinkingBlock | ToolUseBlock | ToolResultBlock | ImageBlock)[];
}

/**
 * The `request` of a `control_request`.
 *
 * `previous_mode`, of a plan, is the approval mode before plan mode.
 */
export interface PermissionRequest {
  subtype: "can_use_tool";
  tool_name: string;
  tool_use_id: string;
  input: Record<string, unknown>;
  permission_suggestions: Suggestion[] | null;
  blocked_path: string | null;
  preview?: Preview | null;
  rule?: string | null;
  rules?: string[] | null;
  previous_mode?: string;
}

/**
 * A host that is there.
 *
 * `since` is a time in UTC (ISO 8601). `pid` is that of its process, where the system tells; the
 * channels of the command line are the hosts `file` and `fd` and have none.
 */
export interface PresentHost {
  name: string;
  rights: ("observe" | "approve" | "submit" | "control")[];
  since: string;
  pid?: number;
}

/**
 * What a call will do, made for reading: ours, beside the reference's fields.
 *
 * `text` is exact: what will run, or what will be written, character by character; a `plan` is
 * Markdown. `question` is
 * what is asked about it, in a line, where the tool does not say. `files` is a `diff` as data.
 */
export interface Preview {
  kind: "command" | "diff" | "text" | "questions" | "plan";
  title: string;
  text: string;
  question?: string;
  warnings?: PreviewWarning[];
  files?: FileDiff[];
}

/**
 * Something in a preview that is not what it looks like, or that makes it hard to read.
 *
 * `hook` says that a hook changed the call, or wants it to be asked about, `auto` why no model
 * decided about it, `rule` which rule may deny it. `message` is a sentence for a person. `line` is
 * the first that has it, counted from 1, and `count` how often it is there, where that can be said.
 */
export interface PreviewWarning {
  kind: "control" | "bidi" | "invisible" | "blank" | "unassigned" | "look_alike" | "address" | "long" | "cut" | "hook" | "auto" | "rule";
  message: string;
  line?: number;
  count?: number;
}

/** A prompt that a person looks at before it runs; `text` is its first 200 characters. */
export interface Proposal {
  id: string | null;
  text: string;
  origin: "keyboard" | "input" | "cli" | "sdk" | "agent" | string;
}

/** At each change of the prompts that a person is to look at before they run. */
export interface Proposals {
  uuid: string;
  session_id: string;
  parent_tool_use_id: string | null;
  seq: number;
  type: "system";
  subtype: "proposals";
  data: ProposalsData;
}

/** All that wait for a look, the oldest first. */
export interface ProposalsData {
  proposals: Proposal[];
}

/** The first 40 prompts that wait, the next to run first; `state` events count them all. */
export interface QueueData {
  prompts: WaitingPrompt[];
}

/** At every change of what it lists, and after the `state` that was asked for where prompts wait. */
export interface QueueEvent {
  uuid: string;
  session_id: string;
  parent_tool_use_id: string | null;
  seq: number;
  type: "system";
  subtype: "queue";
  data: QueueData;
}

/** A prompt that waits; `text` is its first 200 characters. */
export interface QueuedPrompt {
  id: string | null;
  text: string;
  origin: "keyboard" | "input" | "cli" | "sdk" | "agent" | string;
}

/** For each command that carries an id. */
export interface Receipt {
  uuid: string;
  session_id: string;
  parent_tool_use_id: string | null;
  seq: number;
  type: "system";
  subtype: "command_receipt";
  data: ReceiptData;
}

/**
 * What became of the command that `host` sent with this id; `version` is the draft's that was set.
 *
 * A `submit` that is looked at first has two: `held`, then `accepted`, `edited`, `refused` or
 * `rejected`. `turn_id` is the turn that one which steers waits to join.
 *
 * Of a `duplicate` that began, `outcome` says what came of it, also when that was in an earlier run of
 * the program: it is `interrupted` where that died before the end. `result` is then the `result` of its
 * turn, without the envelope. `durable` is false where a later run will not know the id, since nothing
 * is saved.
 */
export interface ReceiptData {
  id: string;
  status: "accepted" | "queued" | "rejected" | "duplicate" | "held" | "edited" | "refused";
  host: "keyboard" | "input" | "cli" | "sdk" | "agent" | string;
  code?: string;
  message?: string;
  position?: number;
  version?: number;
  turn_id?: string;
  outcome?: "queued" | "running" | "done" | "interrupted" | "rejected" | "refused";
  result?: TurnOutcome;
  durable?: false;
}

/** The only line of a connection to the socket that is not taken; it tells nothing of the session. */
export interface Refused {
  uuid: string;
  session_id: string;
  parent_tool_use_id: string | null;
  seq: number;
  type: "system";
  subtype: "refused";
  data: RefusedData;
}

/** Why: a `code` for programs, such as `other_user`, `bad_name` or `no_right`. */
export interface RefusedData {
  code: string;
  message: string;
}

/** The end of a turn. */
export interface ResultEvent {
  uuid: string;
  session_id: string;
  parent_tool_use_id: string | null;
  seq: number;
  subtype: "success" | "error_during_execution";
  is_error: boolean;
  duration_ms: number;
  duration_api_ms: number;
  num_turns: number;
  result: string;
  usage: Usage;
  permission_denials: Denial[];
  turn_id: string;
  command_id: string | null;
  stop_reason: "end_turn" | "interrupted" | "error" | "denied" | "max_turns" | "max_tokens" | "loop" | "budget";
  context_tokens?: number;
  context_window?: number;
  total_cost_usd?: number | null;
  host?: "keyboard" | "input" | "cli" | "sdk" | "agent" | string;
  steered?: string[];
  steered_by?: ("keyboard" | "input" | "cli" | "sdk" | "agent" | string)[];
  error?: TurnError;
  type: "result";
}

/** Go on with a saved session, as `/resume` does; refused while something runs. */
export interface Resume {
  id?: string | number | null;
  type: "resume";
  session_id: string;
}

/**
 * Go back to before a prompt; `to` is the uuid of its `user` event.
 *
 * The uuid of the latest `rewound` event undoes that, as long as nothing was submitted since. With
 * `preview` nothing is done: `rewind_preview` tells what would be. `overwrite` says what becomes
 * of files that somebody else has changed since; without it they are a `conflict`.
 */
export interface Rewind {
  id?: string | number | null;
  type: "rewind";
  to: string;
  conversation: boolean;
  files: boolean;
  preview?: boolean;
  overwrite?: boolean | null;
}

/**
 * A prompt to go back to: its `user` event's `uuid`, and its first 120 characters.
 *
 * `timestamp` is in seconds since the epoch, null where nobody told; `changed` is how many files it
 * changed, as far as that is known.
 */
export interface RewindPoint {
  uuid: string;
  text: string;
  timestamp: number | null;
  changed: number;
}

/** Ask for a `rewind_points` event: the prompts that one can go back to. */
export interface RewindPoints {
  id?: string | number | null;
  type: "rewind_points";
}

/**
 * The prompts to go back to, the oldest first; the last 100, of `earlier` ones the number.
 *
 * `undo` is the uuid of the `rewound` event that can be undone. `unavailable` says why files
 * cannot go back; empty where they can.
 */
export interface RewindPointsData {
  points: RewindPoint[];
  earlier: number;
  undo: string | null;
  unavailable: string;
  command_id?: string | null;
}

/** In answer to `rewind_points`. */
export interface RewindPointsEvent {
  uuid: string;
  session_id: string;
  parent_tool_use_id: string | null;
  seq: number;
  type: "system";
  subtype: "rewind_points";
  data: RewindPointsData;
}

/** What a `rewind` would do; nothing was done. */
export interface RewindPreview {
  uuid: string;
  session_id: string;
  parent_tool_use_id: string | null;
  seq: number;
  type: "system";
  subtype: "rewind_preview";
  data: RewoundData;
}

/** The session went back: what was told of the conversation from the prompt on counts no more. */
export interface Rewound {
  uuid: string;
  session_id: string;
  parent_tool_use_id: string | null;
  seq: number;
  type: "system";
  subtype: "rewound";
  data: RewoundData;
}

/**
 * What was done to go back, or in a preview would be.
 *
 * `to` is the prompt's `user` event, or with `undo` the `rewound` event that is undone; `text`
 * the prompt; `prompts` how many the conversation loses, or gets back. Of `changed` files the first
 * 100 are in `changes`; `added` and `removed` count the lines of all.
 */
export interface RewoundData {
  to: string;
  conversation: boolean;
  files: boolean;
  undo: boolean;
  text: string;
  prompts: number;
  changed: number;
  added: number;
  removed: number;
  changes: RewoundFile[];
  left: LeftFile[];
  remarks: string[];
  context_tokens: number;
  origin: "keyboard" | "input" | "cli" | "sdk" | "agent" | string;
  command_id: string | null;
}

/**
 * What is done to one file; `added` and `removed` count its lines, 0 where it has none.
 *
 * `conflict` says why it may not be as the session left it, `blocked` why it cannot be changed, `note`
 * what changes beside lines: `mode 644 → 755`, `binary`, `symbolic link`.
 */
export interface RewoundFile {
  path: string;
  change: "add" | "modify" | "delete";
  added: number;
  removed: number;
  conflict?: string;
  blocked?: string;
  note?: string;
}

/** The sandbox that commands are asked to run in; absent where there is none. */
export interface SandboxData {
  backend: "auto" | "bwrap" | "landlock";
  filesystem: "read-only" | "workspace-write";
  network: "closed" | "open";
}

/**
 * A session that one can go on with.
 *
 * `title` is how its first prompt begins, in one line; `cwd` the folder it began in, each empty
 * where that cannot be told. `updated_at` is in seconds since the epoch. `prompts` counts what
 * was asked in it, `bytes` those of its file. `running` says whether a process has it open now.
 */
export interface SavedSession {
  session_id: string;
  title: string;
  cwd: string;
  updated_at: number;
  prompts: number;
  bytes: number;
  running: boolean;
}

/** In answer to `list_sessions`. */
export interface SavedSessions {
  uuid: string;
  session_id: string;
  parent_tool_use_id: string | null;
  seq: number;
  type: "system";
  subtype: "sessions";
  data: SavedSessionsData;
}

/**
 * Saved sessions, the newest first.
 *
 * `more` says that there are earlier ones: `before` with the last `updated_at` lists them.
 */
export interface SavedSessionsData {
  sessions: SavedSession[];
  more: boolean;
  command_id: string | null;
}

/** The last line of a session that ended in order. */
export interface SessionEnd {
  uuid: string;
  session_id: string;
  parent_tool_use_id: string | null;
  seq: number;
  type: "system";
  subtype: "session_end";
  data: SessionEndData;
}

/** The session that ended. */
export interface SessionEndData {
  session_id: string;
}

/** Always the first line that a reader sees. */
export interface SessionStart {
  uuid: string;
  session_id: string;
  parent_tool_use_id: string | null;
  seq: number;
  type: "system";
  subtype: "session_start";
  data: SessionStartData;
}

/** The capability handshake; `resumed` and `next_seq` greet a reader that came later. */
export interface SessionStartData {
  session_id: string;
  cwd: string;
  protocol_version: number;
  version: string;
  supported_events: string[];
  agent?: string;
  pid?: number;
  model?: string;
  approval_mode?: string;
  supported_commands?: string[];
  input?: InputChannel | null;
  limits?: Limits;
  socket?: string;
  host?: GrantedHost;
  sandbox?: SandboxData;
  enter_while_busy?: "queue";
  resumed?: boolean;
  next_seq?: number;
}

/** Change what runs without asking. */
export interface SetApprovalMode {
  id?: string | number | null;
  type: "set_approval_mode";
  mode: "auto" | "auto-edit" | "default" | "plan" | "yolo";
}

/**
 * Put `text` in the place of what the person is typing, if that is still as it was.
 *
 * `if_version` is the `version` of the `draft` event that `text` was made from: when the person
 * has typed since, nothing changes and the receipt says `version_conflict`. `cursor` counts code
 * points from 0, as `draft` does; without it the cursor goes to the end.
 */
export interface SetDraft {
  id?: string | number | null;
  type: "set_draft";
  text: string;
  if_version: number;
  cursor?: number | null;
}

/** Change the model. */
export interface SetModel {
  id?: string | number | null;
  type: "set_model";
  model: string;
}

/** After a model call that is none of a turn. */
export interface SideCall {
  uuid: string;
  session_id: string;
  parent_tool_use_id: string | null;
  seq: number;
  type: "system";
  subtype: "side_call";
  data: SideCallData;
}

/**
 * A model call outside of the conversation: for a tool, a hook, or an MCP `server` that asked.
 *
 * Its tokens are in no `result`.
 */
export interface SideCallData {
  purpose: "tool" | "hook" | "mcp";
  server?: string;
  model: string;
  usage: Usage;
}

/**
 * A slash command was given: its output is `notice`, its end `result`.
 *
 * One that a person types in the middle of a turn runs at once and has no `result`.
 */
export interface SlashCommand {
  uuid: string;
  session_id: string;
  parent_tool_use_id: string | null;
  seq: number;
  type: "system";
  subtype: "slash_command";
  data: SlashCommandData;
}

/** A slash command: its name without the slash, and what stood behind it. */
export interface SlashCommandData {
  command: string;
  args: string;
  origin: "keyboard" | "input" | "cli" | "sdk" | "agent" | string;
  command_id: string | null;
  proposed?: string;
}

/** What the session does, `queue` the first 20 that wait; `command_id`: of a `get_state`. */
export interface StateData {
  state: "idle" | "thinking" | "responding" | "running_tool" | "awaiting_approval" | "compacting";
  turn_id: string | null;
  queued: number;
  queue: QueuedPrompt[];
  command_id?: string | null;
}

/** At every change of the state, the turn or the queue's length. */
export interface StateEvent {
  uuid: string;
  session_id: string;
  parent_tool_use_id: string | null;
  seq: number;
  type: "system";
  subtype: "state";
  data: StateData;
}

/** A piece of the model's answer while it comes. */
export interface StreamEvent {
  uuid: string;
  session_id: string;
  parent_tool_use_id: string | null;
  seq: number;
  type: "stream_event";
  event: MessageStart | BlockStart | BlockDelta | BlockStop | MessageStop;
}

/**
 * Run `text` as if it were typed and entered, or a prompt of text and images.
 *
 * With `content`, `text` may be left out; given, it comes before it. The `user` event tells of
 * an image by its name, size, type and hash; `include` asks for its bytes, as far as a line
 * holds them. While something runs it waits its turn, or is refused (`reject`), or joins the turn
 * before the next model call (`steer`): a slash command, and what comes too late for that, waits.
 * With `review` a person looks at it first, and may edit or refuse it.
 */
export interface Submit {
  id?: string | number | null;
  type: "submit";
  text?: string;
  content?: (TextPart | ImagePart)[] | null;
  include?: "images"[];
  when_busy?: "queue" | "reject" | "steer";
  review?: boolean;
}

/**
 * Send what the person is typing as they would, with the pastes and images that stand in it.
 *
 * `if_version` is the `version` of the `draft` event that shows it: when the person has typed since,
 * nothing is sent and the receipt says `version_conflict`. `when_busy` is that of `submit`.
 */
export interface SubmitDraft {
  id?: string | number | null;
  type: "submit_draft";
  if_version: number;
  when_busy?: "queue" | "reject" | "steer";
}

/** An image of a prompt that was submitted; the text that stands before it has its `title`. */
export interface SubmittedImage {
  type: "image";
  source: ImageReference | ImageSource;
  name: string;
  title: string;
}

/**
 * One way to answer a permission request.
 *
 * `mode`, of a plan, is what a `confirmation_response` repeats to choose this one.
 */
export interface Suggestion {
  type: "allow" | "deny" | "modify";
  label: string;
  description: string;
  mode?: "previous" | "default" | "auto-edit";
}

/** It has ended; the model is told with the `user` event whose `origin` is `agent`. */
export interface TaskNotification {
  uuid: string;
  session_id: string;
  parent_tool_use_id: string | null;
  seq: number;
  type: "system";
  subtype: "task_notification";
  data: TaskNotificationData;
}

/** How an agent in the background ended. */
export interface TaskNotificationData {
  task_id: string;
  tool_use_id: string;
  status: "completed" | "failed" | "stopped";
  usage: TaskUsage;
}

/** An agent works in the background: its call has its result. */
export interface TaskStarted {
  uuid: string;
  session_id: string;
  parent_tool_use_id: string | null;
  seq: number;
  type: "system";
  subtype: "task_started";
  data: TaskStartedData;
}

/** Which agent works in the background, at what; `tool_use_id` is its lane. */
export interface TaskStartedData {
  task_id: string;
  tool_use_id: string;
  description: string;
  subagent_type: string;
}

/** What an agent took. */
export interface TaskUsage {
  total_tokens: number;
  tool_uses: number;
  duration_ms: number;
}

/** Plain text, from a person or the model. */
export interface TextBlock {
  type: "text";
  text: string;
}

/** A piece of a text block. */
export interface TextDelta {
  type: "text_delta";
  text: string;
}

/** A part of a prompt in words. */
export interface TextPart {
  type: "text";
  text: string;
}

/** The model's reasoning; `signature` is the provider's, empty where it has none. */
export interface ThinkingBlock {
  type: "thinking";
  thinking: string;
  signature: string;
}

/** A piece of a thinking block. */
export interface ThinkingDelta {
  type: "thinking_delta";
  thinking: string;
}

/**
 * How a tool call ended, for whoever shows it; what is not known is left out.
 *
 * Attributes:
 *     output: what was printed, where `content` says more or less than that; the colours of a
 *         command (SGR sequences, and no others) are kept in it.
 *     exit_code: of a command that ended by itself.
 *     signal: the one that ended it, such as `SIGTERM`.
 *     note: why it ended early, or what it came to, in a few words: `timed out`, `12 matches`.
 *     duration_ms: how long it ran.
 *     auto_verdict: what a model said that judged it; `ask` where it could not tell.
 *     auto_reason: why, in a sentence.
 */
export interface ToolOutcome {
  output?: string;
  exit_code?: number;
  signal?: string;
  note?: string;
  duration_ms?: number;
  auto_verdict?: "allow" | "deny" | "ask";
  auto_reason?: string;
}

/** While a tool runs, at most ten times a second. */
export interface ToolProgress {
  uuid: string;
  session_id: string;
  parent_tool_use_id: string | null;
  seq: number;
  type: "system";
  subtype: "tool_progress";
  data: ToolProgressData;
}

/**
 * A call that started (`text` is its essential argument) or printed (its latest lines).
 *
 * `preview` is the change that a started call makes, where no request has shown it.
 */
export interface ToolProgressData {
  tool_use_id: string;
  tool_name: string;
  status: "started" | "output";
  text: string;
  preview?: Preview;
}

/** What a tool call came to, for the model. */
export interface ToolResultBlock {
  type: "tool_result";
  tool_use_id: string;
  is_error: boolean;
  content: string | (TextBlock | ImageBlock)[];
}

/** One tool call; `input` is the parsed arguments. */
export interface ToolUseBlock {
  type: "tool_use";
  id: string;
  name: string;
  input: Record<string, unknown>;
}

/** The model can call other tools from its next request on. */
export interface ToolsChanged {
  uuid: string;
  session_id: string;
  parent_tool_use_id: string | null;
  seq: number;
  type: "system";
  subtype: "tools_changed";
  data: ToolsChangedData;
}

/** What the model can call, by name; one in another's place is among those that are `added`. */
export interface ToolsChangedData {
  tools: string[];
  added: string[];
  removed: string[];
}

/** All model calls since the session's process began; the cost is null once one of them is not known. */
export interface TotalUsage {
  input_tokens: number;
  output_tokens: number;
  cache_read_input_tokens: number;
  cost_usd: number | null;
}

/**
 * What ended a turn; `status` is the HTTP status where there was one.
 *
 * `message` is for people and holds everywhere; `remedy` is what can be offered beside it, null
 * where that is nothing but another try.
 */
export interface TurnError {
  kind?: "no_key" | "auth" | "unknown_model" | "network" | "dns" | "tls" | "proxy" | "rate_limit" | "overloaded" | "server" | "timeout" | "stalled" | "broken" | "malformed" | "empty" | "context_length" | "content_filter" | "invalid_request" | "budget" | "command" | "hook" | "other";
  message: string;
  status: number | null;
  remedy?: "retry" | "retry_or_change_model" | "change_model" | "connect" | "rephrase" | "compress" | "new_session" | null;
}

/**
 * What a turn came to.
 *
 * Of one that may have asked a model it repeats what `usage` events tell: how much of the conversation
 * there is, how much the model takes, and what the session cost by now, null where that is not known.
 * `host` is who sent the command with the id `command_id`. `steered` has the ids of the commands whose
 * prompts joined it, `steered_by` who sent each.
 */
export interface TurnOutcome {
  subtype: "success" | "error_during_execution";
  is_error: boolean;
  duration_ms: number;
  duration_api_ms: number;
  num_turns: number;
  result: string;
  usage: Usage;
  permission_denials: Denial[];
  turn_id: string;
  command_id: string | null;
  stop_reason: "end_turn" | "interrupted" | "error" | "denied" | "max_turns" | "max_tokens" | "loop" | "budget";
  context_tokens?: number;
  context_window?: number;
  total_cost_usd?: number | null;
  host?: "keyboard" | "input" | "cli" | "sdk" | "agent" | string;
  steered?: string[];
  steered_by?: ("keyboard" | "input" | "cli" | "sdk" | "agent" | string)[];
  error?: TurnError;
}

/**
 * What takes the person's keys, and whether their draft is empty.
 *
 * `focus` is `editor`, `approval`, `proposal` (a prompt that is looked at before it runs),
 * `question`, `pager`, `form:` and the name of the slash command that asks, or `picker:` and its
 * name where there is one thing to pick.
 */
export interface UiData {
  focus: string;
  draft_empty: boolean;
}

/** At each change of what takes keys, or of whether there is a draft. */
export interface UiEvent {
  uuid: string;
  session_id: string;
  parent_tool_use_id: string | null;
  seq: number;
  type: "system";
  subtype: "ui";
  data: UiData;
}

/** Tokens of one message or one turn. */
export interface Usage {
  input_tokens: number;
  output_tokens: number;
  cache_read_input_tokens?: number;
  total_tokens?: number;
}

/**
 * What was submitted (with `origin`) or one tool result (without).
 *
 * `proposed` is what a host had submitted, where a person made something else of it. What is
 * `steered` joined the turn `turn_id`, which goes on. `submitted_by` is who submitted it, where
 * somebody else edited it while it waited.
 */
export interface UserEvent {
  uuid: string;
  session_id: string;
  parent_tool_use_id: string | null;
  seq: number;
  type: "user";
  message: UserMessage;
  origin?: "keyboard" | "input" | "cli" | "sdk" | "agent" | string;
  command_id?: string;
  proposed?: string;
  steered?: boolean;
  turn_id?: string;
  submitted_by?: "keyboard" | "input" | "cli" | "sdk" | "agent" | string;
  tool_use_result?: ToolOutcome;
}

/** The message of a `user` event. */
export interface UserMessage {
  role: "user";
  content: (TextBlock | SubmittedImage | ToolResultBlock)[];
}

/** The inner response of a resolved request; `message` is a denial's reason, and ours. */
export interface Verdict {
  allowed: boolean;
  message?: string;
}

/** An image of a prompt that waits; `title` is what stands for it in the text. */
export interface WaitingImage {
  type: "image";
  name: string;
  title: string;
}

/**
 * A prompt that waits.
 *
 * `id` is its command's, else one of the program's: what `cancel`, `edit_queued` and
 * `move_queued` take as `target`. `cut`: `text` is only its beginning. `origin` is whose words
 * they are, `submitted_by` who submitted it where somebody else has edited it since, `host` who sent its
 * command, where it has one. `steers` is the
 * turn that it joins before the next model call; `editing`: the person has it in the editor, and it
 * can neither run nor be changed.
 */
export interface WaitingPrompt {
  id: string;
  text: string;
  origin: "keyboard" | "input" | "cli" | "sdk" | "agent" | string;
  cut?: boolean;
  submitted_by?: "keyboard" | "input" | "cli" | "sdk" | "agent" | string;
  host?: "keyboard" | "input" | "cli" | "sdk" | "agent" | string;
  steers?: string;
  editing?: boolean;
  content?: WaitingImage[];
}

/**
 * Be told each change of what the person types, ten times a second at the most, or no longer.
 *
 * Only this host is told: a `draft` event at once, and one after each change.
 */
export interface Watch {
  id?: string | number | null;
  type: "watch";
  draft: boolean;
}

/** One line of the output. */
export type Event =
  | SessionStart
  | SessionEnd
  | StateEvent
  | Receipt
  | InputErrorEvent
  | Gap
  | ToolProgress
  | Notice
  | SlashCommand
  | Change
  | ToolsChanged
  | AutoVerdict
  | HookStarted
  | HookResponse
  | Mcp
  | ModelRetry
  | SideCall
  | ModelUsage
  | CompactBoundary
  | TaskStarted
  | TaskNotification
  | RewindPointsEvent
  | SavedSessions
  | RewindPreview
  | Rewound
  | DraftEvent
  | UiEvent
  | Proposals
  | CompletionsEvent
  | ModelsEvent
  | ModesEvent
  | ExportEvent
  | HostsChanged
  | Refused
  | QueueEvent
  | UserEvent
  | AssistantEvent
  | StreamEvent
  | ResultEvent
  | ControlRequest
  | ControlResponse;

/** One line of the input. */
export type Command =
  | Submit
  | ConfirmationResponse
  | Interrupt
  | Cancel
  | EditQueued
  | MoveQueued
  | GetState
  | SetApprovalMode
  | SetModel
  | McpAdd
  | McpRemove
  | McpStatus
  | Rewind
  | RewindPoints
  | ListSessions
  | Resume
  | Clear
  | GetDraft
  | SetDraft
  | SubmitDraft
  | Watch
  | Complete
  | ListModels
  | ListModes
  | Export
  | Hello;
