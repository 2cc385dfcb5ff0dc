/** What waits for the person: requests, one at a time, and prompts that somebody is to look at first. */

import { useEffect, useMemo, useRef, useState } from "preact/hooks";
import { narrow } from "../app/narrow";
import type { Session } from "../app/session";
import { useShortcuts } from "../app/shortcuts";
import { composerOf, tellRefusal } from "../composer/composer_state";
import type { Conversation, Request } from "../conversation/types";
import { announce } from "../ui/announce";
import { Button } from "../ui/button";
import { Dialog } from "../ui/dialog";
import { note } from "../ui/notes";
import { Approval } from "./approval";
import { shownOf } from "./preview";
import { QuestionForm } from "./question_form";
import { questionsIn } from "./questions";
import { AnswersOfOthers } from "./responding";
import { dropResolved } from "./unsent";
import { visible, visibleLine } from "./visible";
import "./requests.css";

export function Requests({ session }: { session: Session }) {
  const conversation = session.conversation.value;
  const { requests } = conversation;
  const others = useMemo(() => new AnswersOfOthers(), [session]);
  const first = requests[0];
  useEffect(
    () =>
      session.listen((items) => {
        for (const item of items) void others.hear(item).then((said) => said && note(said));
      }),
    [session, others],
  );
  useEffect(() => {
    if (first === undefined) return;
    others.shows(first.id);
    announce(`Waiting for you: ${inWords(first)}`);
  }, [first?.id]);
  const connected = session.connected.value;
  useEffect(() => {
    // Before all is told a request that waits may be missing.
    if (connected) dropResolved(session.key, requests);
  }, [session, connected, requests]);
  useShortcuts(() => [
    { keys: "Ctrl+Shift+KeyY", label: "Go to what waits for an answer", group: "Requests", everywhere: true, run: focusRequest },
    { keys: "KeyY", label: "There: yes", group: "Requests" },
    { keys: "KeyN", label: "There: no, and say what instead", group: "Requests" },
  ]);
  return (
    <>
      <Proposals session={session} conversation={conversation} />
      {first !== undefined && conversation.ended === null && <Place key={first.id} session={session} request={first} />}
    </>
  );
}

/** Beside the composer, or on a phone in a dialog, which never takes the keys of who is typing. */
function Place({ session, request }: { session: Session; request: Request }) {
  const { requests, lanes } = session.conversation.value;
  const asked = (
    <Asked
      session={session}
      request={request}
      asker={request.lane ? visibleLine(lanes.get(request.lane)?.name || "A sub-agent") : ""}
      count={requests.length > 1 ? `1 of ${requests.length}` : ""}
    />
  );
  const [open, setOpen] = useState(() => !typing());
  if (!narrow.value) return <Focused>{asked}</Focused>;
  if (open) {
    return (
      <Dialog title="Waiting for you" onClose={() => setOpen(false)}>
        {asked}
      </Dialog>
    );
  }
  return (
    <div class="request-bar">
      <span>{inWords(request)}</span>
      <Button look="main" data-request={request.id} onClick={() => setOpen(true)}>
        Look
      </Button>
    </div>
  );
}

function Asked(props: Parameters<typeof Approval>[0]) {
  const { preview, input } = props.request.request;
  const asks = questionsIn(input).length > 0 && (preview?.kind ?? "questions") === "questions";
  return asks ? <QuestionForm {...props} /> : <Approval {...props} />;
}

/** When what had the focus goes, the focus goes to the composer, and not nowhere. */
function Focused({ children }: { children: preact.ComponentChildren }) {
  const box = useRef<HTMLDivElement>(null);
  useEffect(() => {
    const element = box.current;
    let inside = false;
    const entered = (): void => {
      inside = true;
    };
    const left = (event: FocusEvent): void => {
      inside = event.relatedTarget === null && !element?.isConnected;
    };
    element?.addEventListener("focusin", entered);
    element?.addEventListener("focusout", left);
    return () => {
      if (inside || document.activeElement === document.body) {
        document.querySelector<HTMLElement>("textarea.draft")?.focus({ preventScroll: true });
      }
    };
  }, []);
  return <div ref={box}>{children}</div>;
}

function Proposals({ session, conversation }: { session: Session; conversation: Conversation }) {
  if (conversation.proposals.length === 0) return null;
  const composer = composerOf(session);
  return (
    <section class="request proposals" aria-label="Prompts that are looked at first">
      <h2>Somebody at the terminal is to look at this first</h2>
      <ul>
        {conversation.proposals.map(({ id, text, origin }) => (
          <li key={id ?? text}>
            <span class="text">{visible(text, "prose")}</span>
            <span class="quiet">{visibleLine(origin.replace(/^host:/, ""))}</span>
            {id !== null && session.supports("cancel") && (session.may("control") || composer.isOwn(id, origin)) && (
              <Button onClick={() => void session.send({ type: "cancel", target: id }).then(tellRefusal)}>Take back</Button>
            )}
          </li>
        ))}
      </ul>
    </section>
  );
}

function inWords({ request }: Request): string {
  const questions = questionsIn(request.input);
  if (questions.length > 0) return visibleLine(questions[0]?.text ?? "").slice(0, 200);
  const shown = shownOf(request);
  const about = shown.kind === "command" ? shown.text : shown.title;
  return `${shown.question} ${visibleLine(about).slice(0, 200)}`.trim();
}

function typing(): boolean {
  return document.activeElement?.matches("input, textarea, select") ?? false;
}

function focusRequest(): boolean {
  const place = document.querySelector<HTMLElement>("[data-request]");
  place?.focus();
  return place !== null;
}
