import { computed } from "@preact/signals";
import { useMemo } from "preact/hooks";

import type { Session } from "../app/session";
import { ConversationView } from "./conversation";
import { Status } from "./status";
import { Earlier } from "./earlier";
import { EarlierOffer } from "./earlier_offer";
import type { Actions } from "./view";

/** The conversation of a session, with what the person may do from within it. */
export function SessionConversation({
  session,
  named = false,
  chooseModel,
}: {
  session: Session;
  /** It has a title, so that something was said in it: before it was resumed, where nothing is shown. */
  named?: boolean;
  chooseModel?: () => void;
}) {
  const rights = session.rights.value;
  const live = session.connected.value;
  const told = session.hello.value?.supported_commands;
  const actions = useMemo<Actions>(() => {
    if (!live) return {};
    const may: Actions = {};
    if (rights.has("control") && session.supports("submit")) {
      may.command = (text) => void session.send({ type: "submit", text });
      if (chooseModel) may.chooseModel = chooseModel;
    }
    if (rights.has("control") && session.supports("clear")) may.clear = () => void session.send({ type: "clear" });
    if (rights.has("control") && session.supports("interrupt")) {
      may.stopAgent = (tool) => void session.send({ type: "interrupt", tool_use_id: tool.id });
    }
    return may;
  }, [session, rights, live, told, chooseModel]);
  const earlier = useMemo(() => new Earlier(session), [session]);
  const whole = useMemo(() => computed(() => earlier.with(session.conversation.value)), [session, earlier]);
  return (
    <>
      <EarlierOffer session={session} earlier={earlier} />
      <ConversationView
        conversation={whole}
        lines={session.places}
        actions={actions}
        wanted={session.places.wantedMessage}
        sent={session.places.sent}
        searching={session.places.searching}
        me={session.hello.value?.name ?? ""}
        nothing={
          named && session.hello.value?.terminal
            ? "Nothing has been said here yet. What was said before the session was resumed is in the terminal."
            : "Nothing has been said here yet."
        }
      />
      <Status conversation={session.conversation} />
    </>
  );
}
