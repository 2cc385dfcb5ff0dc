/** A call that waits for leave: what will happen, exactly, and the ways to answer. */

import { useEffect, useLayoutEffect, useRef, useState } from "preact/hooks";
import type { Session } from "../app/session";
import type { Request } from "../conversation/types";
import { Button } from "../ui/button";
import { composing } from "../ui/composing";
import { WarningIcon } from "../ui/icons";
import { type Answer, answersFor, responseTo } from "./answers";
import { ExactDiff, ExactText } from "./exact_text";
import type { KeyGuard } from "./key_guard";
import { type Shown, shownOf } from "./preview";
import { pageToOpen } from "./questions";
import { respond } from "./responding";
import { type Unsent, unsentOf } from "./unsent";
import { useGuard } from "./use_guard";
import { stillVisible, visible, visibleLine } from "./visible";

export interface AskedProps {
  session: Session;
  request: Request;
  /** Who asks, where it is a sub-agent, and which of how many this is. */
  asker: string;
  count: string;
}

export function Approval({ session, request, asker, count }: AskedProps) {
  const panel = useRef<HTMLElement>(null);
  const shown = shownOf(request.request);
  const answers = session.may("approve") ? answersFor(request.request, session.rights.value) : [];
  const url = pageToOpen(request.request.input);
  const unsent = unsentOf(session.key, request.id);
  const reason = answers.find((answer) => answer.asksReason && answer.key === unsent.refusing.value) ?? null;
  const [refused, setRefused] = useState("");
  const [whole, setWhole] = useState(false);
  const [sent, setSent] = useState(false);
  const seen = useRef(false);
  const chosen = useRef(false);

  const give = async (answer: Answer, words = ""): Promise<void> => {
    setSent(true);
    setRefused(await respond(session, responseTo(request.id, answer, words)));
    setSent(false);
  };
  const choose = (answer: Answer): void => {
    if (sent) return;
    if (answer.allowed && shown.cut && !whole) setRefused("It was cut: look at all of it first.");
    else if (answer.asksReason) {
      chosen.current = true;
      unsent.refusing.value = answer.key;
    } else {
      // Within the click or the key itself, or the browser takes it for a pop-up.
      if (answer.allowed && url !== null) window.open(url, "_blank", "noopener,noreferrer");
      void give(answer);
    }
  };
  const showWhole = (): void => {
    seen.current = false;
    setWhole(true);
  };
  const back = (): void => {
    unsent.refusing.value = null;
    // With the field the focus would go nowhere, where in a dialog no key counts.
    panel.current?.focus();
  };
  const guard = useGuard(panel, request.id, (event) => {
    const answer = answerTo(event, panel.current, answers);
    if (answer === null || reason !== null) return;
    event.preventDefault();
    event.stopImmediatePropagation();
    if (!guard.takesKey(performance.now(), answer.remember !== undefined)) return;
    if (answer.allowed && !seen.current) setRefused("Scroll to its end first.");
    else choose(answer);
  });
  return (
    <section class="request" ref={panel} tabIndex={-1} data-autofocus data-request={request.id} aria-labelledby={`q-${request.id}`}>
      <h2 id={`q-${request.id}`}>
        {asker && <span class="asker">{asker} asks: </span>}
        {visibleLine(shown.question)} {count && <span class="count">{count}</span>}
      </h2>
      <Warnings shown={shown} />
      <About request={request} shown={shown} />
      {url !== null && <p class="quiet">With a yes this page opens in a tab of its own: {visibleLine(url)}</p>}
      <Whole onSeen={() => (seen.current = true)} key={request.id}>
        {shown.kind === "diff" ? <ExactDiff text={shown.text} /> : <ExactText text={shown.text} reading={shown.reading} />}
        {whole && <ExactText text={JSON.stringify(request.request.input, null, 2)} reading="code" />}
      </Whole>
      {shown.cut && !whole && <Button onClick={showWhole}>Show all of it</Button>}
      {refused && (
        <p class="refused" role="alert">
          {refused}
        </p>
      )}
      {reason === null ? (
        <Ways answers={answers} guard={guard} sent={sent} ready={guard.ready.value} onChoose={choose} />
      ) : (
        <Reason
          answer={reason}
          sent={sent}
          ready={guard.ready.value}
          unsent={unsent}
          takesFocus={chosen.current}
          onBack={back}
          onGive={() => void give(reason, unsent.reason)}
        />
      )}
      {answers.length === 0 && <p class="quiet">It waits for somebody who may answer.</p>}
    </section>
  );
}

/** The answer that a key stands for: one that was pressed where nobody types. */
function answerTo(event: KeyboardEvent, panel: HTMLElement | null, answers: readonly Answer[]): Answer | null {
  if (event.ctrlKey || event.altKey || event.metaKey || composing(event)) return null;
  const focus = document.activeElement;
  const inside = panel?.contains(focus) ?? false;
  const idle = focus === document.body || focus?.matches("[data-pane=chat]");
  if (!inside && (!idle || document.querySelector("dialog[open]") !== null)) return null;
  if (focus?.matches("input, textarea, select, [contenteditable]")) return null;
  return answers.find((answer) => answer.key === event.key) ?? null;
}

function Warnings({ shown }: { shown: Shown }) {
  if (shown.warnings.length === 0) return null;
  return (
    <ul class="warnings" aria-label="Warnings">
      {shown.warnings.map((warning) => (
        <li key={warning.kind + warning.message}>
          <WarningIcon /> {stillVisible(warning.message, "prose")}
        </li>
      ))}
    </ul>
  );
}

function About({ request: { request }, shown }: { request: Request; shown: Shown }) {
  const said = request.input["description"];
  return (
    <>
      {shown.title && <p class={shown.kind === "diff" ? "title" : "quiet"}>{stillVisible(shown.title, "command")}</p>}
      {typeof said === "string" && said && <p class="quiet">“{visible(said, "prose")}”</p>}
      {request.blocked_path && <p class="quiet">Outside of the folder: {visibleLine(request.blocked_path)}</p>}
    </>
  );
}

/** What may be longer than there is room for; it knows when its end was seen. */
function Whole({ onSeen, children }: { onSeen(): void; children: preact.ComponentChildren }) {
  const box = useRef<HTMLDivElement>(null);
  const look = (): void => {
    const element = box.current;
    if (element && element.scrollTop + element.clientHeight >= element.scrollHeight - 4) onSeen();
  };
  useEffect(look);
  return (
    <div class="whole" ref={box} onScroll={look} tabIndex={0} role="region" aria-label="What will happen">
      {children}
    </div>
  );
}

interface WaysProps {
  answers: readonly Answer[];
  guard: KeyGuard;
  sent: boolean;
  /** A click counts by now. */
  ready: boolean;
  onChoose(answer: Answer): void;
}

function Ways({ answers, guard, sent, ready, onChoose }: WaysProps) {
  return (
    <div class={`ways ${ready ? "" : "early"}`} role="group" aria-label="Answers">
      {answers.map((answer, index) => (
        <Button
          key={answer.key}
          look={index === 0 ? "main" : "plain"}
          aria-disabled={sent || !ready}
          aria-keyshortcuts={answer.key}
          onClick={(event) => {
            const now = performance.now();
            const byKey = event.detail === 0;
            if (byKey ? !guard.takesKey(now, answer.remember !== undefined) : !guard.takesClick(now)) return;
            onChoose(answer);
          }}
        >
          <kbd aria-hidden="true">{answer.key}</kbd> <span>{answer.label}</span>
        </Button>
      ))}
    </div>
  );
}

interface ReasonProps {
  answer: Answer;
  sent: boolean;
  /** An answer counts by now. */
  ready: boolean;
  unsent: Unsent;
  /** It was chosen just now: one that merely comes back takes the focus from nobody who writes elsewhere. */
  takesFocus: boolean;
  onBack(): void;
  onGive(): void;
}

function Reason({ answer, sent, ready, unsent, takesFocus, onBack, onGive }: ReasonProps) {
  const field = useRef<HTMLTextAreaElement>(null);
  useLayoutEffect(() => {
    if (!takesFocus) return;
    field.current?.focus();
    field.current?.setSelectionRange(unsent.reason.length, unsent.reason.length);
  }, []);
  const give = (): void => {
    if (ready && !sent) onGive();
  };
  return (
    <div class="reason">
      <label class="field">
        <span class="label">{answer.label}</span>
        <textarea
          ref={field}
          class="input"
          rows={2}
          defaultValue={unsent.reason}
          onInput={(event) => (unsent.reason = event.currentTarget.value)}
          onKeyDown={(event) => {
            if (composing(event)) return;
            if (event.key === "Escape") onBack();
            else if (event.key === "Enter" && !event.shiftKey) give();
            else return;
            event.preventDefault();
            event.stopPropagation();
          }}
        />
        <span class="hint">Without words it is a plain no, and the turn ends.</span>
      </label>
      <div class={`ways row ${ready ? "" : "early"}`}>
        {/* The second click of a double one on the way here may land on either. */}
        <Button look="main" disabled={sent} aria-disabled={!ready} onClick={(event) => event.detail < 2 && give()}>
          No
        </Button>
        <Button onClick={(event) => event.detail < 2 && onBack()}>Back</Button>
      </div>
    </div>
  );
}
