/** What of a conversation holds some words: also what is folded, or too far away to be drawn. Pure. */

import type { Conversation, Entry, ToolEntry } from "../conversation/types";
import { telling, wordsOf } from "./tools";

/** What finds words as a person types them, in any case; null for none. */
export function patternOf(words: string): RegExp | null {
  return words === "" ? null : new RegExp(words.replace(/[\\^$.*+?()[\]{}|/]/g, "\\$&"), "giu");
}

/** The folds (`view.ts`) behind which an entry may have what was found. */
export function foldsOf(entry: Entry): string[] {
  switch (entry.kind) {
    case "tool":
      return [`tool-${entry.key}`, ...(entry.agent ? [`lane-${entry.key}`, `lane-all-${entry.key}`] : [])];
    case "thinking":
      return [`thought-${entry.block}`];
    case "prompt":
    case "compact":
    case "rewound":
      return [`${entry.kind}-${entry.key}`];
    default:
      return [];
  }
}

/** Searches a conversation; what the texts of its entries are it knows from the last time. */
export class Search {
  readonly #texts = new WeakMap<Entry, string>();

  /** The entries among `rows` that hold what `pattern` finds. */
  find(pattern: RegExp, rows: readonly Entry[], { lanes }: Pick<Conversation, "lanes">): Entry[] {
    return rows.filter((entry) => this.#holds(entry, pattern, lanes));
  }

  #holds(entry: Entry, pattern: RegExp, lanes: Conversation["lanes"]): boolean {
    pattern.lastIndex = 0;
    if (pattern.test(this.#textOf(entry))) return true;
    if (entry.kind !== "tool" || !entry.agent) return false;
    return lanes.get(entry.id)?.entries.some((one) => this.#holds(one, pattern, lanes)) ?? false;
  }

  #textOf(entry: Entry): string {
    let text = this.#texts.get(entry);
    if (text === undefined) this.#texts.set(entry, (text = textOf(entry)));
    return text;
  }
}

function textOf(entry: Entry): string {
  switch (entry.kind) {
    case "prompt":
    case "notice":
      return entry.text;
    case "text":
    case "thinking":
      return entry.source;
    case "command":
      return `/${entry.command} ${entry.args}`;
    case "tool":
      return textOfTool(entry);
    case "compact":
      return entry.summary;
    case "end":
      return entry.error?.message ?? "";
    case "change":
      return entry.to;
    case "rewound":
      return (entry.data.changes ?? []).map((change) => change.path).join("\n");
    case "gap":
      return "";
  }
}

function textOfTool(entry: ToolEntry): string {
  const { input, preview, result } = entry;
  const lines = preview?.files?.flatMap((file) => [file.path, ...file.hunks.flatMap((hunk) => hunk.lines)]) ?? [];
  const given = Object.values(input ?? {}).filter((value) => typeof value === "string");
  const todos = entry.todos?.map((todo) => todo.text) ?? [];
  const told = result === null ? entry.output : (result.outcome.output ?? result.text);
  return [wordsOf(entry.name).word, telling(entry), ...given, ...lines, ...todos, told].join("\n");
}
