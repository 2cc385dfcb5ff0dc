import { useSignal } from "@preact/signals";
import { useCallback } from "preact/hooks";

import { SessionConversation } from "../chat/session_conversation";
import { Composer } from "../composer/composer";
import { Controls } from "../controls/controls";
import { Requests } from "../requests/requests";
import type { Session } from "./session";
import { rows } from "./sessions";
import { useShortcuts } from "./shortcuts";

/** The chat's side: what was said, what waits for an answer, and where the next is written. */
export function ChatPane({ session }: { session: Session }) {
  const named = rows.value?.some((row) => row.key === session.key && row.title !== "") ?? false;
  const choosing = useSignal(false);
  const choosesModel = session.may("control") && session.supports("set_model") && session.supports("list_models");
  const chooseModel = useCallback(() => void (choosing.value = true), [choosing]);
  useShortcuts(() => {
    const run = (): boolean => search(session);
    return [
      { keys: "Ctrl+KeyF", label: "Search the chat; once more, the browser's own search", group: "Chat", everywhere: true, run },
    ];
  }, [session]);
  return (
    <section class="chat-pane" data-pane="chat" tabIndex={-1} aria-label="Chat" aria-busy={!session.connected.value}>
      <SessionConversation session={session} named={named} {...(choosesModel ? { chooseModel } : {})} />
      <div class="chat-foot">
        <Requests session={session} />
        <Composer session={session} />
        <Controls session={session} choosing={choosing} />
      </div>
    </section>
  );
}

/** Begins to search; false where the key is somebody else's: the terminal's program, or the browser once it is open. */
function search(session: Session): boolean {
  const within = document.activeElement?.closest("[data-pane=terminal], [role=search]");
  if (within) return false;
  // Where it is open already, and the focus elsewhere.
  if (session.places.searching.peek()) document.querySelector<HTMLElement>("[data-pane=chat] [role=search] input")?.focus();
  session.places.searching.value = true;
  return true;
}
