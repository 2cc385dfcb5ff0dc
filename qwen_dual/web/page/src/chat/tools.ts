/** How tools are called before a person, and what says most about a call. */

import type { ToolEntry } from "../conversation/types";

interface Words {
  readonly word: string;
  readonly doing: string;
  /** What its text is counted in, one and many, where that is for the model alone. */
  readonly unit?: readonly [string, string];
}

const TOOLS: Readonly<Record<string, Words>> = {
  agent: { word: "Agent", doing: "Delegating" },
  ask_user_question: { word: "Question", doing: "Asking" },
  edit: { word: "Edit", doing: "Editing" },
  exit_plan_mode: { word: "Plan", doing: "Proposing" },
  glob: { word: "Find", doing: "Looking for", unit: ["line", "lines"] },
  grep_search: { word: "Search", doing: "Searching for", unit: ["line", "lines"] },
  list_directory: { word: "List", doing: "Listing", unit: ["entry", "entries"] },
  read_file: { word: "Read", doing: "Reading", unit: ["line", "lines"] },
  run_shell_command: { word: "Shell", doing: "Running" },
  skill: { word: "Skill", doing: "Loading" },
  todo_write: { word: "To-dos", doing: "Noting" },
  web_fetch: { word: "Fetch", doing: "Fetching" },
  write_file: { word: "Write", doing: "Writing" },
};

/** The words for a tool; of one of an MCP server its server and its name. */
export function wordsOf(name: string): Words {
  const known = Object.hasOwn(TOOLS, name) ? TOOLS[name] : undefined;
  if (known) return known;
  const bare = name.replace(/^mcp__/, "");
  const at = bare.lastIndexOf("__");
  const tool = bare.slice(at < 0 ? 0 : at + 2).replaceAll("_", " ").trim() || "tool";
  const word = at > 0 ? `${bare.slice(0, at)}: ${tool}` : tool.charAt(0).toUpperCase() + tool.slice(1);
  return { word, doing: "Working on" };
}

const TELLING = ["command", "file_path", "path", "pattern", "url", "query", "prompt"];

/** The argument that says most about a call, as it came; empty where none does. */
export function telling(tool: ToolEntry): string {
  const input = tool.input ?? {};
  if (tool.preview?.kind === "plan") return tool.preview.title;
  if (typeof input["subagent_type"] === "string" || tool.agent) {
    const [name, what] = [input["subagent_type"], input["description"]];
    return [name, what].filter((part) => typeof part === "string" && part !== "").join(": ");
  }
  for (const key of TELLING) {
    const value = input[key];
    if (typeof value === "string" && value !== "") return value;
  }
  const text = Object.values(input).find((value) => typeof value === "string");
  return typeof text === "string" ? text : tool.about;
}

/** How a call ended, in a few words each. */
export function notes(tool: ToolEntry): string[] {
  const outcome = tool.result?.outcome ?? {};
  const told: string[] = [];
  if (typeof outcome.note === "string" && outcome.note) told.push(outcome.note);
  else if (typeof outcome.signal === "string" && outcome.signal) told.push(`ended by ${outcome.signal}`);
  else if (typeof outcome.exit_code === "number" && outcome.exit_code !== 0) told.push(`exit ${outcome.exit_code}`);
  const unit = wordsOf(tool.name).unit;
  const text = tool.result?.text ?? "";
  if (unit && tool.state === "done" && tool.result?.images.length === 0) {
    const count = text.trim() === "" ? 0 : text.trimEnd().split("\n").length;
    told.push(`${count.toLocaleString()} ${count === 1 ? unit[0] : unit[1]}`);
  }
  if (typeof outcome.duration_ms === "number" && outcome.duration_ms >= 1_000) told.push(elapsed(outcome.duration_ms));
  if (outcome.auto_verdict === "allow") told.push(`auto: ${outcome.auto_reason ?? ""}`);
  return told;
}

/** A duration in as few words as do: `3 s`, `2 min 5 s`, `1 h 4 min`. */
export function elapsed(ms: number): string {
  const seconds = Math.max(0, Math.floor(ms / 1000));
  if (seconds < 60) return `${seconds} s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return `${minutes} min ${seconds % 60} s`;
  return `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}

/** A number in at most four characters or so: `840`, `1.2k`, `128k`, `1.5M`. */
export function short(count: number): string {
  for (const [unit, size] of [["M", 1_000_000], ["k", 1_000]] as const) {
    if (count >= size * 0.9995) {
      const scaled = count / size;
      return `${scaled >= 9.95 ? scaled.toFixed(0) : scaled.toFixed(1).replace(".0", "")}${unit}`;
    }
  }
  return String(count);
}
