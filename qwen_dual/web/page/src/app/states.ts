import type { SessionRow } from "../wire";
import { waits } from "./sessions";

export interface StateWords {
  words: string;
  tone: "good" | "warn" | "bad" | "work" | "quiet";
}

const STATES: Readonly<Record<string, StateWords>> = {
  starting: { words: "starting", tone: "work" },
  idle: { words: "ready", tone: "good" },
  thinking: { words: "thinking", tone: "work" },
  responding: { words: "answering", tone: "work" },
  running_tool: { words: "running a tool", tone: "work" },
  compacting: { words: "compacting", tone: "work" },
  ended: { words: "ended", tone: "quiet" },
};

/** A session's state as a person reads it, and the colour that goes with it. */
export function stateOf(row: SessionRow): StateWords {
  if (waits(row)) {
    return { words: row.waiting > 1 ? `waits for you (${row.waiting})` : "waits for you", tone: "warn" };
  }
  return STATES[row.state] ?? { words: row.state.replaceAll("_", " "), tone: "work" };
}

/** Whether it is at work, so that its end is news. */
export function works(row: SessionRow): boolean {
  return stateOf(row).tone === "work" && row.state !== "starting";
}

/** The last parts of a path, which tell folders apart; home as `~` is the server's to know. */
export function shortPath(path: string, most = 2): string {
  const parts = path.split("/").filter(Boolean);
  return parts.length <= most ? path : `…/${parts.slice(-most).join("/")}`;
}
