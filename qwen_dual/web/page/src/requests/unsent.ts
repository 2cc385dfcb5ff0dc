/**
 * What is being written in answer to requests. A form goes with its dialog, its pane, the session that is left:
 * what was filled in stays until the request is resolved.
 */

import { type Signal, signal } from "@preact/signals";
import type { Request } from "../conversation/types";
import type { Filled } from "./questions";

export interface Unsent {
  /** What is filled in of its questions; null where nobody has touched them. */
  readonly filled: Signal<readonly Filled[] | null>;
  /** The key of the answer for which a reason is being written; null for none. */
  readonly refusing: Signal<string | null>;
  /** What is written of that reason. */
  reason: string;
}

/** By the key of the session, which outlives its connection, and the request's id. */
const sessions = new Map<string, Map<string, Unsent>>();

/** What is written in answer to a request: the same as long as that waits, whatever is shown meanwhile. */
export function unsentOf(session: string, request: string): Unsent {
  const kept = sessions.get(session) ?? new Map<string, Unsent>();
  const unsent = kept.get(request) ?? { filled: signal(null), refusing: signal(null), reason: "" };
  sessions.set(session, kept.set(request, unsent));
  return unsent;
}

/** Drops what was written in answer to requests of a session that wait no longer. */
export function dropResolved(session: string, waiting: readonly Request[]): void {
  const kept = sessions.get(session);
  for (const id of kept?.keys() ?? []) if (!waiting.some((request) => request.id === id)) kept?.delete(id);
  if (kept?.size === 0) sessions.delete(session);
}
