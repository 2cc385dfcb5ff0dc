/** What is new in a conversation, in words for who listens: each once, when it is whole. Pure. */

import type { By, Conversation, Entry, TextEntry } from "../conversation/types";
import { plain } from "./markdown/markdown";
import { words } from "./shown";
import { toolName } from "./tool";

const MOST = 1_500;

export function news(before: Conversation, after: Conversation, me = ""): string[] {
  if (!after.live || !before.live || before.sessionId !== after.sessionId) return [];
  const old = new Map<number, Entry>();
  const entries: Entry[] = [];
  // What is new stands at the end, behind the last that is what it was.
  for (let at = after.entries.length - 1, same = 0; at >= 0 && same < 3; at -= 1) {
    const entry = after.entries[at] as Entry;
    if (before.entries[at] === entry) same += 1;
    else entries.unshift(entry);
  }
  if (entries.length === 0) return [];
  const least = entries[0]?.key ?? 0;
  for (let at = before.entries.length - 1; at >= 0; at -= 1) {
    const entry = before.entries[at] as Entry;
    old.set(entry.key, entry);
    if (entry.key < least) break;
  }
  return entries.flatMap((entry) => told(old.get(entry.key), entry, me) ?? []);
}

function told(before: Entry | undefined, entry: Entry, me: string): string | null {
  if (entry.key < 0) return null; // of an earlier run of the session
  switch (entry.kind) {
    case "text": {
      const was = before as TextEntry | undefined;
      const done = !entry.open && (was === undefined || was.open);
      return done && /\S/.test(entry.source) ? clipped(plain(entry.prefix + entry.source)) : null;
    }
    case "tool": {
      const ended = entry.state === "failed" || entry.state === "denied" || entry.state === "done";
      const was = before?.kind === "tool" ? before.state : "";
      return ended && was !== entry.state ? toolName(entry) : null;
    }
    case "prompt":
      // What was typed in this page is known to who typed it.
      return before === undefined && (me === "" || !isOf(entry.by, me)) ? clipped(entry.text) : null;
    case "notice":
      return before === undefined ? clipped(entry.text) : null;
    case "end":
      if (before !== undefined) return null;
      if (entry.error) return clipped(entry.error.message);
      return entry.reason === "interrupted" ? "Interrupted" : null;
    case "gap":
      return before === undefined ? "Events are missing" : null;
    default:
      return null;
  }
}

/** Whether somebody of this name gave a command: by the server's word, or as the program calls them. */
export function isOf({ origin, name }: By, me: string): boolean {
  return me !== "" && (name === me || (name === "" && origin === `host:${me}`));
}

function clipped(text: string): string {
  const said = words(text.slice(0, 2 * MOST)).replace(/\s+/g, " ").trim();
  return said.length > MOST ? `${said.slice(0, MOST)}…` : said;
}
