/** Where the next prompt is written: the shared draft, its images, what may follow, what waits. */

import { useEffect, useId, useRef, useState } from "preact/hooks";
import { justOpened } from "../app/begun";
import type { Session } from "../app/session";
import { type Shortcut, useShortcuts } from "../app/shortcuts";
import { Button, IconButton } from "../ui/button";
import { CloseIcon, ImageIcon, SendIcon, StopIcon } from "../ui/icons";
import { note } from "../ui/notes";
import { IMAGE_TYPES, sizeOf } from "./attachments";
import { CompletionList, optionId } from "./completion_list";
import { composerOf, type ComposerState } from "./composer_state";
import { byTouch, DraftField } from "./draft_field";
import { Queue } from "./queue";
import "./composer.css";

export function Composer({ session }: { session: Session }) {
  if (session.hello.value !== null && !session.may("submit")) {
    return <p class="composer-note">This link lets you watch{session.may("approve") ? " and answer requests" : ""}.</p>;
  }
  if (session.conversation.value.ended !== null) return null;
  return <Editor key={session.key} state={composerOf(session)} />;
}

function Editor({ state }: { state: ComposerState }) {
  const { session, draft, attachments, completion } = state;
  const field = useRef<HTMLTextAreaElement>(null);
  const [over, setOver] = useState(false);
  const listId = useId();
  const menu = completion.menu.value;
  const open = menu.candidates.length > 0;
  useShortcuts(() => [
    { keys: "Ctrl+Shift+KeyE", label: "Write a prompt", group: "Composer", everywhere: true, run: () => field.current?.focus() },
    ...listed(state.enterQueues),
  ], [state.enterQueues]);
  const opened = justOpened.value === session.key;
  useEffect(() => {
    if (!opened) return;
    justOpened.value = null;
    // On glass the focus would bring up a keyboard that nobody asked for.
    if (!byTouch.matches) field.current?.focus();
  }, [opened]);
  const add = (files: Iterable<File>): void => {
    const refused = attachments.add(files);
    if (refused) note(refused, "bad");
    field.current?.focus();
  };
  return (
    <div
      class={`composer ${over ? "over" : ""}`}
      onDragOver={(event) => {
        if (!event.dataTransfer?.types.includes("Files")) return;
        event.preventDefault();
        setOver(true);
      }}
      onDragLeave={() => setOver(false)}
      onDrop={(event) => {
        setOver(false);
        if (!event.dataTransfer?.files.length) return;
        event.preventDefault();
        add(event.dataTransfer.files);
      }}
    >
      <Queue state={state} onLeave={() => field.current?.focus()} />
      {open && <CompletionList id={listId} menu={menu} onTake={() => takeCandidate(state, field.current)} completion={completion} />}
      <Thumbnails state={state} />
      <DraftField
        state={state}
        fieldRef={field}
        onFiles={add}
        suggested={open ? { list: listId, option: optionId(listId, menu.selected) } : null}
        onTake={() => takeCandidate(state, field.current)}
      />
      <Actions state={state} onFiles={add} />
      {draft.apart.value && (
        <p class="composer-note" role="status">
          {draft.apart}
        </p>
      )}
      {!session.connected.value && session.hello.value !== null && (
        <p class="composer-note">Not connected: what you send waits until it is.</p>
      )}
    </div>
  );
}

/** Keys of the text field, for the list of all keys. */
function listed(enterQueues: boolean): readonly Shortcut[] {
  const [enter, other] = enterQueues ? ["wait for its turn", "join its turn"] : ["join its turn", "wait for its turn"];
  const group = "Composer" as const;
  return [
    { keys: "Enter", label: `Send; while something runs, ${enter}`, group },
    { keys: "Tab", label: `While something runs: send and ${other}; Ctrl+Enter too`, group },
    { keys: "Shift+Enter", label: "A new line", group },
    { keys: "Escape", label: "Stop what runs, and take back what waits", group },
    { keys: "ArrowUp", label: "In an empty draft: the last prompt that waits, or was sent", group },
  ];
}

/** Puts the selected candidate into the draft. */
function takeCandidate(state: ComposerState, field: HTMLTextAreaElement | null): void {
  const taken = state.completion.take(state.draft.text);
  if (taken === null) return;
  state.draft.write(taken.text, taken.cursor);
  field?.focus();
  state.completion.typed(taken.text, taken.cursor);
}

function Thumbnails({ state: { attachments } }: { state: ComposerState }) {
  if (attachments.list.length === 0) return null;
  return (
    <ul class="attachments" aria-label="Images of this prompt">
      {attachments.list.map(({ id, name, file, url }) => (
        <li key={id}>
          <img src={url} alt="" />
          <span class="name">
            <bdi>{name}</bdi> <span class="size">{sizeOf(file.size)}</span>
          </span>
          <IconButton name={`Remove ${name}`} onClick={() => attachments.remove(id)}>
            <CloseIcon />
          </IconButton>
        </li>
      ))}
    </ul>
  );
}

function Actions({ state, onFiles }: { state: ComposerState; onFiles(files: Iterable<File>): void }) {
  const { session } = state;
  const chooser = useRef<HTMLInputElement>(null);
  const empty = state.draft.shown.value.text.trim() === "" && state.attachments.list.length === 0;
  const images = session.supports("edit_queued");
  useEffect(() => {
    const input = chooser.current;
    // Preact has no prop for it: closing the chooser without a file says nothing otherwise.
    const cancelled = (): void => input?.blur();
    input?.addEventListener("cancel", cancelled);
    return () => input?.removeEventListener("cancel", cancelled);
  }, []);
  return (
    <div class="composer-actions">
      {images && (
        <>
          <IconButton name="Attach images" onClick={() => chooser.current?.click()}>
            <ImageIcon />
          </IconButton>
          <input
            ref={chooser}
            type="file"
            hidden
            multiple
            accept={IMAGE_TYPES.join(",")}
            onChange={(event) => {
              onFiles(event.currentTarget.files ?? []);
              event.currentTarget.value = "";
            }}
          />
        </>
      )}
      <span class="hint">{state.sending.value > 0 ? "Sending …" : hintOf(state)}</span>
      {state.busy.value && session.supports("interrupt") && (
        <Button onClick={() => state.interrupt()} title="Esc">
          <StopIcon /> Stop
        </Button>
      )}
      {state.steers && !empty && (
        <Button onClick={() => void state.send(true)} title="Tab, or Ctrl+Enter">
          {state.enterQueues ? "Steer" : "Queue"}
        </Button>
      )}
      <Button look="main" disabled={empty} onClick={() => void state.send()} title="Enter">
        <SendIcon /> {state.busy.value ? (state.steers && !state.enterQueues ? "Steer" : "Queue") : "Send"}
      </Button>
    </div>
  );
}

function hintOf(state: ComposerState): string {
  if (!state.busy.value) return "";
  if (!state.steers) return "Waits for its turn";
  return state.enterQueues ? "Enter queues, Tab steers" : "Enter steers, Tab queues";
}
