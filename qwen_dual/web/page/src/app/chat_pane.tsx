import { SessionConversation } from "../chat/session_conversation";
import { Composer } from "../composer/composer";
import { Controls } from "../controls/controls";
import { Requests } from "../requests/requests";
import type { Session } from "./session";
import { rows } from "./sessions";

/** The chat's side: what was said, what waits for an answer, and where the next is written. */
export function ChatPane({ session }: { session: Session }) {
  const named = rows.value?.some((row) => row.key === session.key && row.title !== "") ?? false;
  return (
    <section class="chat-pane" data-pane="chat" tabIndex={-1} aria-label="Chat" aria-busy={!session.connected.value}>
      <SessionConversation session={session} named={named} />
      <div class="chat-foot">
        <Requests session={session} />
        <Composer session={session} />
        <Controls session={session} />
      </div>
    </section>
  );
}
