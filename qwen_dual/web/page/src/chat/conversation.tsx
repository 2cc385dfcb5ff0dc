/** A conversation as an ordered log: all that was said and done, the newest at the end. */

import "./chat.css";
import "./markdown/markdown.css";

import { type ReadonlySignal, type Signal, signal, useSignalEffect } from "@preact/signals";
import { useMemo, useRef } from "preact/hooks";

import type { Conversation, Entry } from "../conversation/types";
import { announce } from "../ui/announce";
import { Button } from "../ui/button";
import { DownIcon } from "../ui/icons";
import { ChatSearch } from "./chat_search";
import { EntryView, estimate, isShown, nameOf } from "./entry";
import { news } from "./news";
import { Rows } from "./rows";
import { ShownRows } from "./shown_rows";
import { type Actions, Folds, type Lines, type View, ViewProvider } from "./view";

export interface ConversationProps {
  conversation: ReadonlySignal<Conversation>;
  lines?: Lines | null;
  actions?: Actions;
  /** The event whose message is to be shown: another object each time. */
  wanted?: ReadonlySignal<{ readonly seq: number } | null>;
  /** Told which entry was clicked, where that leads anywhere. */
  onChosen?: (entry: Entry) => void;
  /** The name of who looks at it, as the events have it. */
  me?: string;
  /** What stands where nothing has been said. */
  nothing?: string;
  /** Whether what is new is said to who listens. */
  speaks?: boolean;
  /** Another number whenever the reader has sent something, the answer to which is at the end. */
  sent?: ReadonlySignal<number>;
  /** Whether the reader searches it. */
  searching?: Signal<boolean>;
}

const NOTHING = signal(null);
const NEVER = signal(false);
const NONE = signal(0);

export function ConversationView({
  conversation,
  lines = null,
  actions = {},
  wanted = NOTHING,
  onChosen,
  me = "",
  nothing = "Nothing has been said yet.",
  speaks = true,
  sent = NONE,
  searching = NEVER,
}: ConversationProps) {
  const rows = useRef<Rows<Entry>>(null);
  const place = useMemo(() => signal({ atEnd: true, behind: 0 }), []);
  const view = useMemo<View>(
    () => ({
      conversation,
      folds: new Folds(),
      lines,
      actions,
      me,
      hold: () => rows.current?.hold(),
      wholeOf: (entry) => wholeOf(conversation.peek(), entry),
    }),
    [conversation, lines, actions, me],
  );
  const said = useRef<Conversation>(conversation.peek());
  useSignalEffect(() => {
    const [before, after] = [said.current, conversation.value];
    said.current = after;
    const told = speaks ? news(before, after, me) : [];
    if (told.length > 0) announce(told.join(". "));
  });
  useSignalEffect(() => {
    const wish = wanted.value;
    const entry = wish && entryOf(conversation.peek(), wish.seq);
    if (entry) rows.current?.seek(entry.key);
  });
  useSignalEffect(() => {
    if (sent.value > 0) rows.current?.toEnd();
  });
  const { entries } = conversation.value;
  const shown = useMemo(() => new ShownRows(), [conversation]).update(entries);
  return (
    <ViewProvider value={view}>
      <div
        class="conversation"
        onKeyDown={(event) => {
          if (leads(event, rows.current)) event.preventDefault();
        }}
      >
        {searching.value && (
          <ChatSearch
            conversation={conversation}
            view={view}
            shown={shown.rows}
            rows={rows}
            onClose={() => {
              searching.value = false;
              rows.current?.focus();
            }}
          />
        )}
        <Rows
          handle={rows}
          rows={shown.rows}
          same={shown.same}
          name="Conversation"
          estimate={estimate}
          nameOf={nameOf}
          classOf={(entry) => `is-${entry.kind} ${"part" in entry && entry.part > 0 ? "is-continued" : ""}`}
          draw={(entry) => <EntryView entry={entry} />}
          onPlace={(atEnd, behind) => {
            const now = place.peek();
            if (now.atEnd !== atEnd || now.behind !== behind) place.value = { atEnd, behind };
          }}
          onChosen={onChosen}
        />
        {shown.rows.length === 0 && <p class="empty-conversation">{nothing}</p>}
        <Newest place={place} toEnd={() => rows.current?.toEnd()} />
      </div>
    </ViewProvider>
  );
}

function Newest({ place, toEnd }: { place: ReadonlySignal<{ atEnd: boolean; behind: number }>; toEnd(): void }) {
  const { atEnd, behind } = place.value;
  if (atEnd) return null;
  return (
    <Button class="newest" onClick={toEnd}>
      <DownIcon />
      {behind > 0 ? `${behind.toLocaleString()} new` : "Newest"}
    </Button>
  );
}

/** Keys that lead from message to message, wherever in the conversation the focus is. */
function leads(event: KeyboardEvent, list: Rows<Entry> | null): boolean {
  if (!list || event.ctrlKey || event.metaKey || event.altKey || event.shiftKey) return false;
  if (event.target instanceof HTMLElement && /^(?:INPUT|TEXTAREA|SELECT)$/.test(event.target.tagName)) return false;
  const isSaid = (entry: Entry): boolean => entry.kind === "prompt" || entry.kind === "command";
  if (event.key === "j") list.step(1, () => true);
  else if (event.key === "k") list.step(-1, () => true);
  else if (event.key === "]") list.step(1, isSaid);
  else if (event.key === "[") list.step(-1, isSaid);
  else if (event.key === "End") list.toEnd();
  else return false;
  return true;
}

/** The text of all parts of the block that an entry is a part of. */
function wholeOf({ entries, lanes }: Conversation, entry: Entry): string {
  if (entry.kind !== "text" && entry.kind !== "thinking") return "";
  for (const list of [entries, ...[...lanes.values()].map((lane) => lane.entries)]) {
    const parts = list.filter((one) => one.kind === entry.kind && one.block === entry.block);
    if (parts.length > 0) return parts.map((part) => ("source" in part ? part.source : "")).join("");
  }
  return "";
}

/** The message that an event brought, or the first that a later one did. */
function entryOf({ entries }: Conversation, seq: number): Entry | undefined {
  return entries.find((entry) => entry.seq === seq && isShown(entry)) ?? entries.find((entry) => entry.seq >= seq && isShown(entry));
}
