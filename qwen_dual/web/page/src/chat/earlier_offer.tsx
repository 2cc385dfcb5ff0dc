import { useEffect } from "preact/hooks";

import type { Session } from "../app/session";
import { note } from "../ui/notes";
import { type Earlier, untold } from "./earlier";

/** Offers what was said in a session before its events begin here, where there is any. */
export function EarlierOffer({ session, earlier }: { session: Session; earlier: Earlier }) {
  const conversation = session.conversation.value;
  const may = session.connected.value && session.may("control") && session.supports("export") && session.supports("rewind_points");
  useEffect(() => {
    if (may) void session.send({ type: "rewind_points" });
  }, [may, conversation.sessionId]);
  const count = may && !earlier.has(conversation) ? untold(conversation) : 0;
  if (count === 0) return null;
  const load = (): void => {
    void earlier.load(session.conversation).then((found) => {
      if (!found) note("The program does not give what was said earlier; its terminal has it.", "bad");
    });
  };
  return (
    <div class="earlier-offer">
      <span>
        {count.toLocaleString()} earlier {count === 1 ? "prompt is" : "prompts are"} not shown.
      </span>
      <button type="button" class="link" disabled={earlier.loading.value} onClick={load}>
        {earlier.loading.value ? "Loading…" : "Show what was said"}
      </button>
    </div>
  );
}
