import { type ReadonlySignal, useSignalEffect } from "@preact/signals";
import { useEffect, useRef, useState } from "preact/hooks";

import type { Conversation } from "../conversation/types";
import { words } from "./shown";
import { Todos } from "./todos";
import { elapsed } from "./tools";
import { Usage } from "./usage";

const WORDS: Readonly<Record<string, string>> = {
  thinking: "Thinking",
  responding: "Answering",
  running_tool: "Working",
  awaiting_approval: "Waits for you",
  compacting: "Shortening the conversation",
};

/** What the session is at, how long already, what is still to be done, and what it took. */
export function Status({ conversation }: { conversation: ReadonlySignal<Conversation> }) {
  const { state, retry, hooks, todos, ended } = conversation.value;
  const works = ended === null && WORDS[state] !== undefined;
  const doing = [...hooks.values()].at(-1) ?? WORDS[state];
  return (
    <div class="status-line">
      {works && todos.length > 0 && todos.some((todo) => todo.status !== "completed") && <Current items={todos} />}
      <div class="status-words">
        {works && <span class={`dot ${state === "awaiting_approval" ? "is-asking" : "is-running"}`} aria-hidden="true" />}
        {works && <span>{words(doing ?? "")}</span>}
        {works && <Since conversation={conversation} />}
        {works && retry && (
          <span class="retry" role="status">
            try {retry.attempt}
            {retry.attempts !== null && ` of ${retry.attempts}`} in {elapsed(retry.delayMs)}: {words(retry.message)}
          </span>
        )}
        <Usage conversation={conversation} />
      </div>
    </div>
  );
}

/** The model's list while it is worked at; folded to what is next. */
function Current({ items }: { items: Conversation["todos"] }) {
  const [open, setOpen] = useState(false);
  const now = items.find((item) => item.status === "in_progress") ?? items.find((item) => item.status === "pending");
  const done = items.filter((item) => item.status === "completed").length;
  return (
    <div class="status-todos">
      <button type="button" class="fold-title" aria-expanded={open} onClick={() => setOpen(!open)}>
        <span class="quiet">
          {done}/{items.length}
        </span>
        <span class="clipped">{words(now?.text ?? "")}</span>
      </button>
      {open && <Todos items={items} />}
    </div>
  );
}

/** How long the turn has run, as far as this page saw it. */
function Since({ conversation }: { conversation: ReadonlySignal<Conversation> }) {
  const began = useRef({ turn: "", at: performance.now() });
  const [, again] = useState(0);
  useSignalEffect(() => {
    const turn = conversation.value.turnId ?? "";
    if (turn !== began.current.turn) began.current = { turn, at: performance.now() };
  });
  useEffect(() => {
    const timer = setInterval(() => again((count) => count + 1), 1_000);
    return () => clearInterval(timer);
  }, []);
  const passed = performance.now() - began.current.at;
  return passed < 1_000 ? null : <span class="quiet">{elapsed(passed)}</span>;
}
