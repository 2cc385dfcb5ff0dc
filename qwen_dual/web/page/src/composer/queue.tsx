/** The prompts that wait: each can be changed, moved and taken out. */

import { useLayoutEffect, useMemo, useRef } from "preact/hooks";
import type { WaitingPrompt } from "../conversation/types";
import { announce } from "../ui/announce";
import { IconButton } from "../ui/button";
import { composing } from "../ui/composing";
import { DownIcon, EditIcon, TrashIcon, UpIcon } from "../ui/icons";
import { visible } from "../requests/visible";
import { type ComposerState, tellRefusal } from "./composer_state";

/** A move that the program has not confirmed yet. */
interface Move {
  id: string;
  way: "up" | "down";
  position: number;
}

export function Queue({ state, onLeave }: { state: ComposerState; onLeave(): void }) {
  const { session } = state;
  const { queue, queued } = session.conversation.value;
  const list = useRef<HTMLUListElement>(null);
  const moving = useRef<Move | null>(null);
  const editing = state.editing.value;
  useLayoutEffect(() => {
    // What was moved keeps the focus, wherever it stands now; who has gone on to write elsewhere keeps theirs.
    const here = document.activeElement === document.body || list.current?.contains(document.activeElement);
    const { id, way } = moving.current ?? {};
    if (id && here) list.current?.querySelector<HTMLElement>(`[data-focus="${CSS.escape(`${way} ${id}`)}"]`)?.focus();
  }, [queue]);
  const whole = queued === queue.length;
  const gone = editing !== null && whole && session.connected.value && !queue.some(({ id }) => id === editing.id);
  useLayoutEffect(() => {
    if (gone && state.giveUpEditing()) onLeave();
  }, [gone]);
  if (queued === 0) return null;
  const move = ({ id }: WaitingPrompt, index: number, way: Move["way"]): void => {
    // Of one that is on its way already it goes on from there.
    const from = moving.current?.id === id ? moving.current.position : index + 1;
    const position = from + (way === "up" ? -1 : 1);
    if (position < 1 || position > queue.length) return;
    const made: Move = { id, way, position };
    moving.current = made;
    void session.send({ type: "move_queued", target: id, position }).then((receipt) => {
      tellRefusal(receipt);
      // The queue as it is by then was told, and shown, before.
      if (moving.current === made) moving.current = null;
      if (receipt.status === "accepted") announce(`Now number ${receipt.position ?? position} of ${queued}`);
    });
  };
  return (
    <ul class="queue" aria-label="Prompts that wait" ref={list}>
      {queue.map((prompt, index) => {
        const may = session.may("control") || state.isOwn(prompt.id, prompt.submitted_by ?? prompt.origin);
        const can = (command: string): boolean => may && !prompt.editing && session.supports(command);
        const text = visible(prompt.text, "prose");
        if (editing?.id === prompt.id && can("edit_queued")) {
          return <Edited key={prompt.id} state={state} prompt={prompt} onLeave={onLeave} />;
        }
        return (
          <li key={prompt.id}>
            <span class="way">{prompt.steers ? "steers" : `${index + 1}`}</span>
            <span class="text" title={text}>
              {text}
              {prompt.cut && " …"}
            </span>
            {prompt.content?.map((image) => <span class="image">{visible(image.title, "prose")}</span>)}
            {prompt.editing && <span class="image">is being edited in the terminal</span>}
            {can("edit_queued") && !prompt.cut && (
              <IconButton name={`Edit: ${text.slice(0, 60)}`} onClick={() => state.edit(prompt)}>
                <EditIcon />
              </IconButton>
            )}
            {can("move_queued") && queue.length > 1 && (
              <>
                <IconButton
                  name="Move up"
                  data-focus={`up ${prompt.id}`}
                  aria-disabled={index === 0}
                  onClick={() => move(prompt, index, "up")}
                >
                  <UpIcon />
                </IconButton>
                <IconButton
                  name="Move down"
                  data-focus={`down ${prompt.id}`}
                  aria-disabled={index === queue.length - 1}
                  onClick={() => move(prompt, index, "down")}
                >
                  <DownIcon />
                </IconButton>
              </>
            )}
            {can("cancel") && (
              <IconButton
                name={`Take out: ${text.slice(0, 60)}`}
                onClick={() => {
                  onLeave();
                  void session.send({ type: "cancel", target: prompt.id }).then(tellRefusal);
                }}
              >
                <TrashIcon />
              </IconButton>
            )}
          </li>
        );
      })}
      {queued > queue.length && <li class="more">and {queued - queue.length} more</li>}
    </ul>
  );
}

function Edited({ state, prompt, onLeave }: { state: ComposerState; prompt: WaitingPrompt; onLeave(): void }) {
  const field = useRef<HTMLTextAreaElement>(null);
  const begun = useMemo(() => state.editing.peek()?.text ?? prompt.text, []);
  const leave = (): void => {
    state.editing.value = null;
    onLeave();
  };
  const save = (): void => {
    const text = field.current?.value.trim() ?? "";
    leave();
    if (text === prompt.text.trim()) return;
    const command = text ? { type: "edit_queued", target: prompt.id, text } : { type: "cancel", target: prompt.id };
    void state.session.send(command).then((receipt) => {
      tellRefusal(receipt);
      // It has begun meanwhile, or is somebody else's by now: what was written is not lost.
      if (receipt.status === "rejected" && text) state.putBefore(text);
    });
  };
  useLayoutEffect(() => {
    field.current?.focus();
    field.current?.setSelectionRange(begun.length, begun.length);
  }, []);
  return (
    <li class="edited">
      <textarea
        ref={field}
        class="input"
        rows={Math.min(6, prompt.text.split("\n").length + 1)}
        aria-label="The prompt that waits"
        defaultValue={begun}
        onInput={(event) => state.editing.value && (state.editing.value = { ...state.editing.value, text: event.currentTarget.value })}
        onKeyDown={(event) => {
          if (composing(event)) return;
          if (event.key === "Escape") leave();
          else if (event.key === "Enter" && !event.shiftKey) save();
          else return;
          event.preventDefault();
          event.stopPropagation();
        }}
      />
      <span class="hint">Enter puts it back changed, emptied it leaves the queue, Esc leaves it as it was.</span>
    </li>
  );
}
