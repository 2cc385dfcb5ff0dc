import { effect } from "@preact/signals";

import { plain } from "../ui/plain_text";
import type { SessionRow } from "../wire";
import { notify } from "./preferences";
import { choose, chosenRow, rows, waits } from "./sessions";
import { works } from "./states";

export interface News {
  key: string;
  title: string;
  words: string;
}

const nameOf = (row: SessionRow) => plain(row.title, 80) || "New session";

/** What of the sessions is worth a look since the last time: one waits for the person now, one is done. */
export function news(before: readonly SessionRow[], after: readonly SessionRow[]): News[] {
  const known = new Map(before.map((row) => [row.key, row]));
  const found: News[] = [];
  for (const row of after) {
    const old = known.get(row.key);
    if (old === undefined) continue;
    if (waits(row) && (!waits(old) || row.waiting > old.waiting)) {
      found.push({ key: row.key, title: nameOf(row), words: "Waits for you." });
    } else if (row.state === "ended" && old.state !== "ended") {
      found.push({ key: row.key, title: nameOf(row), words: "Has ended." });
    } else if (row.state === "idle" && works(old)) {
      found.push({ key: row.key, title: nameOf(row), words: "Is done." });
    }
  }
  return found;
}

/** The window's title: what waits comes first, since a tab shows little of it. */
export function titleOf(row: SessionRow | null, sessions: readonly SessionRow[], unseen: boolean): string {
  const waiting = sessions.filter(waits).length;
  const name = row === null ? "qwen-dual" : `${nameOf(row)} · qwen-dual`;
  if (waiting > 0) return `(${waiting}) waits: ${name}`;
  return unseen ? `* ${name}` : name;
}

/** Whether notifications can be had here at all: over HTTPS and on the own machine. */
export const canNotify = (): boolean => "Notification" in window && window.isSecureContext;

/** Asks the browser for leave to notify; false when it was refused. */
export async function askToNotify(): Promise<boolean> {
  if (!canNotify()) return false;
  const allowed = (await Notification.requestPermission()) === "granted";
  notify.value = allowed ? "on" : "off";
  return allowed;
}

/** Keeps the window's title, and tells of what happens while nobody looks. */
export function followAttention(): () => void {
  let before: readonly SessionRow[] = [];
  let unseen = false;
  const looked = () => document.visibilityState === "visible" && document.hasFocus();
  const retitle = () => {
    document.title = titleOf(chosenRow.peek(), rows.peek() ?? [], unseen);
  };
  const returned = () => {
    if (!looked()) return;
    unseen = false;
    retitle();
  };
  window.addEventListener("focus", returned);
  document.addEventListener("visibilitychange", returned);
  const stop = effect(() => {
    const [after] = [rows.value ?? [], chosenRow.value];
    const found = before.length === 0 ? [] : news(before, after);
    before = after;
    if (found.length > 0 && !looked()) {
      unseen = true;
      if (notify.peek() === "on") for (const one of found) tell(one);
    }
    retitle();
  });
  return () => {
    stop();
    window.removeEventListener("focus", returned);
    document.removeEventListener("visibilitychange", returned);
    document.title = "qwen-dual";
  };
}

function tell({ key, title, words }: News): void {
  if (!canNotify() || Notification.permission !== "granted") return;
  // The same tag replaces the last one of this session, in whichever tab it was made.
  const notification = new Notification(title, { body: words, tag: `qwen-dual ${key}` });
  notification.onclick = () => {
    window.focus();
    choose(key);
    notification.close();
  };
}
