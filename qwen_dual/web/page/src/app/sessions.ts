import { computed, signal } from "@preact/signals";

import { Connection } from "../net/connection";
import { note } from "../ui/notes";
import { CLOSED, type SessionRow, type SessionsMessage } from "../wire";
import { stillIn } from "./access";

/** The sessions as the server tells them; null before it did. */
export const rows = signal<readonly SessionRow[] | null>(null);

/** Those that wait for the person first, those that have ended last, else the newest first. */
export const ordered = computed(() => order(rows.value ?? []));

/** The session that is looked at; null for none. */
export const chosen = signal<string | null>(keyOf(location.hash));

/** The row of the session that is looked at. */
export const chosenRow = computed(() => rows.value?.find((row) => row.key === chosen.value) ?? null);

export const connection = signal<Connection | null>(null);

export function order(sessions: readonly SessionRow[]): SessionRow[] {
  const rank = (row: SessionRow) => (row.state === "ended" ? 2 : waits(row) ? 0 : 1);
  return [...sessions].sort((one, other) => rank(one) - rank(other) || other.started_at - one.started_at);
}

export function waits(row: SessionRow): boolean {
  return row.state !== "ended" && (row.waiting > 0 || row.state === "awaiting_approval");
}

/** The session that an address names. */
export function keyOf(hash: string): string | null {
  const found = new URLSearchParams(hash.replace(/^#/, "")).get("session");
  return found === "" ? null : found;
}

export function addressOf(key: string): string {
  return `#${new URLSearchParams({ session: key })}`;
}

export function choose(key: string | null): void {
  const address = key === null ? location.pathname + location.search : addressOf(key);
  if (key !== chosen.peek()) history.pushState(null, "", address);
  chosen.value = key;
}

/** Looks at the session before or behind the one that is looked at. */
export function step(by: 1 | -1): void {
  const sessions = ordered.peek();
  const at = sessions.findIndex((row) => row.key === chosen.peek());
  const next = sessions[(at + by + sessions.length) % sessions.length];
  if (next !== undefined) choose(next.key);
}

/** Follows the sessions and the address; what it returns ends that. */
export function followSessions(only: string | null): () => void {
  if (only !== null) chosen.value = only;
  const moved = () => (chosen.value = keyOf(location.hash) ?? only);
  window.addEventListener("popstate", moved);
  const made = new Connection({
    path: () => "ws/sessions",
    text: (data) => received(JSON.parse(data) as SessionsMessage),
    broke: (code, _reason, opened) => (opened && code !== CLOSED.left ? true : stillIn()),
  });
  connection.value = made;
  return () => {
    window.removeEventListener("popstate", moved);
    made.close();
    connection.value = null;
    rows.value = null;
  };
}

function received(message: SessionsMessage): void {
  if (message.subtype === "notice") return note(message.message);
  rows.value = message.sessions;
  // The first look at the page: what waits, or is the newest.
  if (chosen.peek() !== null) return;
  const first = ordered.peek().find((row) => row.state !== "ended")?.key;
  if (first === undefined) return;
  history.replaceState(null, "", addressOf(first));
  chosen.value = first;
}
