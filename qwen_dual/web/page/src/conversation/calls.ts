/** Tool calls: asked for, allowed, running, ended; and the sub-agents that work for some of them. */

import type { PermissionRequest, Preview, ToolOutcome } from "../../../../../docs/schema/qwen-dual";
import type { ProgramEvent } from "../wire";
import type { Building } from "./building";
import { type Data, data, list, number, records, text, textOrNull } from "./reading";
import type { Picture, Todo, ToolEntry } from "./types";

const DEFAULT_AGENT = "general-purpose";
const STATUSES = ["pending", "in_progress", "completed"] as const;

/** A call whose arguments begin to come in, or that is heard of for the first time. */
export function called(
  building: Building,
  lane: string,
  id: string,
  name: string,
  seq: number,
  known: Partial<ToolEntry> = {},
): ToolEntry {
  return building.add<ToolEntry>(lane, {
    kind: "tool",
    began: seq,
    seq,
    id,
    name,
    state: "writing",
    input: null,
    argumentChars: 0,
    about: "",
    output: "",
    preview: null,
    asked: null,
    result: null,
    todos: null,
    agent: building.conversation.lanes.has(id),
    ...known,
  });
}

/** The whole call has come in. */
export function settleCall(
  building: Building,
  lane: string,
  id: string,
  name: string,
  input: Data,
  seq: number,
): void {
  const at = building.tool(lane, id);
  const known = building.entries(lane)[at];
  const agent = setsToWork(building, lane, id, input);
  const whole = { input, todos: todosIn(input), name, argumentChars: 0 };
  if (known?.kind === "tool" && known.result === null && known.input === null) {
    const state = known.state === "writing" ? "waiting" : known.state;
    building.replace(lane, at, { ...known, ...whole, state, agent: agent || known.agent });
  } else {
    called(building, lane, id, name, seq, { ...whole, state: "waiting", agent });
  }
  if (lane === "") building.inner.calls += 1;
  else building.changeLane(lane, { calls: building.lane(lane).calls + 1 });
}

/** Takes a `control_request`: one that is told again, or has been answered, is none. */
export function request(building: Building, event: ProgramEvent, lane: string): void {
  const id = text(event["request_id"]);
  const told = data(event["request"]);
  if (id === "" || building.conversation.requests.some((one) => one.id === id)) return;
  const call = text(told["tool_use_id"]);
  const input = data(told["input"]);
  const name = text(told["tool_name"]);
  if (building.tool(lane, call) < 0) {
    called(building, lane, call, name, event.seq ?? 0, { state: "waiting", input, todos: todosIn(input) });
  }
  const entry = building.entries(lane)[building.tool(lane, call)] as ToolEntry;
  if (entry.asked?.requestId === id && entry.asked.allowed !== null) return;
  building.changeTool(lane, call, (tool) => ({
    state: "asking",
    input: tool.input ?? input,
    preview: previewIn(told["preview"]) ?? tool.preview,
    asked: { requestId: id, allowed: null, by: building.by("", ""), reason: "" },
  }));
  const whole = { ...told, tool_name: name, tool_use_id: call, input } as unknown as PermissionRequest;
  const added = { id, lane, seq: event.seq ?? 0, request: whole };
  building.conversation.requests = [...building.conversation.requests, added];
}

/** Takes a `control_response`. */
export function response(building: Building, event: ProgramEvent): void {
  const told = data(event["response"]);
  const id = text(told["request_id"]);
  if (told["subtype"] === "error") return;
  const asked = building.resolve(id);
  if (!asked) return;
  const verdict = data(told["response"]);
  const allowed = verdict["allowed"] === true;
  building.changeTool(asked.lane, asked.request.tool_use_id, (tool) => ({
    // Of a call that begins to run only programs that tell their state say so.
    state: tool.result ? tool.state : !allowed ? "denied" : building.tellsState ? "waiting" : "running",
    asked: {
      requestId: id,
      allowed,
      by: building.by(text(told["resolved_by"]), id),
      reason: text(verdict["message"]),
    },
  }));
}

/** Requests that wait no longer, though nothing says so: a new prompt runs. */
export function dropRequests(building: Building): void {
  for (const asked of building.conversation.requests) {
    building.changeTool(asked.lane, asked.request.tool_use_id, () => ({ state: "dropped" }));
  }
  building.conversation.requests = [];
}

/** Takes a `tool_progress`. */
export function progress(building: Building, told: Data, lane: string, seq: number): void {
  const id = text(told["tool_use_id"]);
  if (building.tool(lane, id) < 0) {
    called(building, lane, id, text(told["tool_name"]), seq, { state: "running" });
  }
  building.changeTool(lane, id, (tool) => {
    if (tool.result) return {};
    if (told["status"] !== "started") return { state: "running", output: text(told["text"]) };
    return {
      state: "running",
      about: text(told["text"]) || tool.about,
      preview: previewIn(told["preview"]) ?? tool.preview,
    };
  });
}

/** Takes a `tool_result` block. */
export function toolResult(building: Building, block: Data, event: ProgramEvent, lane: string): void {
  const id = text(block["tool_use_id"]);
  const isError = block["is_error"] === true;
  const content = block["content"];
  if (building.tool(lane, id) < 0) called(building, lane, id, "", event.seq ?? 0);
  building.changeTool(lane, id, (tool) => ({
    seq: event.seq ?? tool.seq,
    state: tool.asked?.allowed === false ? "denied" : isError ? "failed" : "done",
    about: "",
    output: "",
    result: {
      text: typeof content === "string" ? content : textIn(content),
      images: pictures(content),
      isError,
      outcome: data(event["tool_use_result"]) as ToolOutcome,
    },
  }));
  if (lane === "") building.inner.calls = Math.max(0, building.inner.calls - 1);
  const tool = building.entries(lane)[building.tool(lane, id)] as ToolEntry;
  if (tool.todos && !isError && lane === "") building.conversation.todos = tool.todos;
  const works = building.conversation.lanes.get(id);
  if (works && works.above === lane && (!works.background || isError)) {
    building.changeLane(id, { state: isError ? "failed" : "completed" });
  }
}

/** The turn has ended: calls without a result will have none, and who worked for them is at work no more. */
export function endCalls(building: Building): void {
  for (const lane of ["", ...building.conversation.lanes.keys()]) {
    if (lane !== "" && isApart(building, lane)) continue;
    const entries = building.entries(lane);
    for (let at = entries.length - 1; at >= 0; at -= 1) {
      const entry = entries[at];
      if (lane === "" && (entry?.kind === "prompt" || entry?.kind === "end")) break;
      if (entry?.kind !== "tool" || entry.result || entry.state === "denied") continue;
      const answered = entry.asked?.allowed === true && entry.state === "waiting";
      building.replace(lane, at, { ...entry, state: answered ? "done" : "dropped" });
    }
    if (lane !== "" && building.lane(lane).state === "working") building.changeLane(lane, { state: "stopped" });
  }
  building.inner.calls = 0;
}

/** Whether a lane goes on in the background, or works for one that does. */
function isApart(building: Building, id: string): boolean {
  const seen = new Set<string>();
  for (let lane = building.conversation.lanes.get(id); lane && !seen.has(lane.id); ) {
    if (lane.state !== "working") return true;
    if (lane.background) return true;
    seen.add(lane.id);
    lane = building.conversation.lanes.get(lane.above);
  }
  return false;
}

/** Takes that an agent goes on in the background, or has ended there. */
export function task(building: Building, subtype: string, told: Data): void {
  const id = text(told["tool_use_id"]);
  if (id === "") return;
  const lane = building.lane(id);
  if (subtype === "task_started") {
    building.changeLane(id, {
      name: text(told["subagent_type"]) || lane.name,
      description: text(told["description"]) || lane.description,
      background: true,
      state: "working",
    });
  } else if (told["status"] !== "running") {
    const status = text(told["status"]);
    building.changeLane(id, { state: status === "failed" || status === "stopped" ? status : "completed" });
  }
}

function setsToWork(building: Building, above: string, id: string, input: Data): boolean {
  const [kind, description] = [textOrNull(input["subagent_type"]), textOrNull(input["description"])];
  if (typeof input["prompt"] !== "string" || (kind === null && description === null)) return false;
  building.changeLane(id, {
    above,
    name: kind?.trim() || DEFAULT_AGENT,
    description: description?.trim() ?? "",
    background: input["run_in_background"] === true,
  });
  return true;
}

function todosIn(input: Data): readonly Todo[] | null {
  if (!Array.isArray(input["todos"])) return null;
  return records(input["todos"])
    .filter((item) => typeof item["content"] === "string")
    .map((item) => ({
      text: text(item["content"]),
      status: STATUSES.find((status) => status === item["status"]) ?? "pending",
    }));
}

function previewIn(value: unknown): Preview | null {
  const told = data(value);
  if (typeof told["kind"] !== "string") return null;
  return {
    ...told,
    title: text(told["title"]),
    text: text(told["text"]),
    ...(told["files"] === undefined ? {} : { files: filesIn(told["files"]) }),
  } as unknown as Preview;
}

function filesIn(value: unknown): unknown[] {
  return records(value).map((file) => ({
    ...file,
    path: text(file["path"]),
    added: number(file["added"]) ?? 0,
    removed: number(file["removed"]) ?? 0,
    hunks: records(file["hunks"]).map((hunk) => ({
      old_start: number(hunk["old_start"]) ?? 0,
      new_start: number(hunk["new_start"]) ?? 0,
      lines: list(hunk["lines"]).map(text),
    })),
  }));
}

/** The texts among the blocks of a message. */
export function textIn(content: unknown): string {
  return records(content)
    .filter((block) => block["type"] === "text")
    .map((block) => text(block["text"]))
    .join("\n");
}

/** The images among them. */
export function pictures(content: unknown): readonly Picture[] {
  return records(content)
    .filter((block) => block["type"] === "image")
    .map((block) => ({
      name: text(block["name"]),
      title: text(block["title"]),
      source: pictureSource(data(block["source"])),
    }));
}

function pictureSource(source: Data): Picture["source"] {
  const media = text(source["media_type"]);
  if (source["type"] === "base64" && typeof source["data"] === "string") {
    return { type: "base64", media_type: media, data: source["data"] };
  }
  if (source["type"] !== "reference") return null;
  return {
    type: "reference",
    media_type: media,
    bytes: number(source["bytes"]) ?? 0,
    width: number(source["width"]) ?? 0,
    height: number(source["height"]) ?? 0,
    sha256: text(source["sha256"]),
  };
}
