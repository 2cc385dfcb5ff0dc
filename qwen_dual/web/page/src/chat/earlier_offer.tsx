import { useEffect } from "preact/hooks";

import type { Session } from "../app/session";
import { note } from "../ui/notes";
import { type Earlier, untold } from "./earlier";

/** Offers what was said in a session before its events begin here, where there is any. */
export function EarlierOffer({ session, earlier }: { session: Session; earlier: Earlier }) {
  const conversation = session.conversation.value;
  const asks = session.connected.value && session.supports("rewind_points");
  const may = session.may("control") && session.supports("export");
  useEffect(() => {
    if (asks) void session.send({ type: "rewind_points" });
  }, [asks, conversation.sessionId]);
  const count = earlier.has(conversation) ? 0 : untold(conversation);
  if (count === 0) return null;
  const load = (): void => {
    void earlier.load(session.conversation).then((found) => {
      if (!found) note("The program does not give what was said earlier; its terminal has it.", "bad");
    });
  };
  return (
    <div class="earlier-offer">
      <span>
        {count.toLocaleString()} earlier {count === 1 ? "prompt is" : "prompts are"} not shown
        {session.hello.value?.terminal ? " here, but in the terminal." : " here."}
      </span>
      {may && (
        <button type="button" class="link" disabled={earlier.loading.value || !asks} onClick={load}>
          {earlier.loading.value ? "Loading…" : "Show what was said"}
        </button>
      )}
    </div>
  );
}
