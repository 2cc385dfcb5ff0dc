/** The text field of the draft: its keys, what is pasted, units that stay whole, and writing from elsewhere. */

import type { RefObject } from "preact";
import { useLayoutEffect, useRef } from "preact/hooks";
import { composing } from "../ui/composing";
import type { ComposerState } from "./composer_state";
import { outsideUnits, wholeUnits } from "./units";

/** Without a keyboard Enter is a new line, and the button sends. */
export const byTouch = window.matchMedia("(pointer: coarse) and (hover: none)");
const MAX_ROWS_SHARE = 0.4;

export interface DraftFieldProps {
  state: ComposerState;
  fieldRef: RefObject<HTMLTextAreaElement | null>;
  suggested: { list: string; option: string } | null;
  onFiles(files: Iterable<File>): void;
  onTake(): void;
}

export function DraftField({ state, fieldRef, suggested, onFiles, onTake }: DraftFieldProps) {
  const { draft, completion } = state;
  const { text, cursor, written } = draft.shown.value;
  const caret = useRef(0);
  useLayoutEffect(() => {
    const field = fieldRef.current;
    if (field === null) return;
    if (field.value !== text) field.value = text;
    if (document.activeElement === field) field.setSelectionRange(cursor, cursor);
    caret.current = cursor;
  }, [written]);
  useLayoutEffect(() => {
    if (fieldRef.current !== null) fit(fieldRef.current);
  }, [text]);

  const typed = (field: HTMLTextAreaElement): void => {
    draft.typed(field.value, field.selectionStart);
    caret.current = field.selectionStart;
    completion.typed(field.value, field.selectionStart);
  };
  /** Where the caret may not stand it does not stay: inside of what is one unit. */
  const moved = (field: HTMLTextAreaElement): void => {
    const { selectionStart: from, selectionEnd: to, value } = field;
    if (from === to) {
      const at = outsideUnits(value, from, caret.current);
      if (at !== from) field.setSelectionRange(at, at);
      caret.current = at;
    } else {
      const whole = wholeUnits(value, { from, to });
      if (whole.from !== from || whole.to !== to) field.setSelectionRange(whole.from, whole.to, field.selectionDirection);
    }
    if (field.value === draft.text) draft.moved(field.selectionStart);
  };
  return (
    <textarea
      ref={fieldRef}
      class="draft"
      rows={1}
      aria-label="Prompt"
      placeholder={draft.shared.value ? "Write here or in the terminal" : "Write a prompt"}
      autocapitalize="sentences"
      spellcheck={false}
      aria-haspopup="listbox"
      aria-autocomplete="list"
      aria-controls={suggested?.list}
      aria-activedescendant={suggested?.option}
      onInput={(event) => typed(event.currentTarget)}
      onFocus={(event) => {
        draft.focused = true;
        // Where the cursor stands in the terminal; a click that gave the focus moves it after this.
        event.currentTarget.setSelectionRange(draft.shown.peek().cursor, draft.shown.peek().cursor);
      }}
      onBlur={() => {
        draft.focused = false;
        completion.close();
      }}
      onCompositionStart={() => draft.hold(true)}
      onCompositionEnd={(event) => {
        typed(event.currentTarget);
        draft.hold(false);
      }}
      onKeyUp={(event) => moved(event.currentTarget)}
      onClick={(event) => moved(event.currentTarget)}
      onBeforeInput={(event) => deleteWhole(event, event.currentTarget, typed)}
      onPaste={(event) => {
        const files = Array.from(event.clipboardData?.files ?? []);
        // A table or a text often comes with a picture of itself.
        if (files.length === 0 || event.clipboardData?.types.includes("text/plain")) return;
        event.preventDefault();
        onFiles(files);
      }}
      onKeyDown={(event) => {
        if (composing(event)) return;
        if (pressed(event, event.currentTarget, state, onTake, typed)) event.preventDefault();
      }}
    />
  );
}

/** A key; true where it is done with. */
function pressed(
  event: KeyboardEvent,
  field: HTMLTextAreaElement,
  state: ComposerState,
  onTake: () => void,
  typed: (field: HTMLTextAreaElement) => void,
): boolean {
  const { completion } = state;
  const held = event.ctrlKey || event.metaKey || event.altKey;
  if (completion.open && !held && !event.shiftKey) {
    if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      completion.move(event.key === "ArrowDown" ? 1 : -1);
      return true;
    }
    if (event.key === "Tab" || (event.key === "Enter" && completion.enterTakes)) {
      onTake();
      return true;
    }
    if (event.key === "Escape") {
      completion.close();
      return true;
    }
  }
  if (event.key === "Enter") return entered(event, field, state, typed);
  if (event.key === "Tab" && !held && !event.shiftKey && state.steers && field.value.trim() !== "") {
    void state.send(true);
    return true;
  }
  if (event.key === "Escape" && !held) {
    state.interrupt();
    return true;
  }
  if (held || event.shiftKey || (event.key !== "ArrowUp" && event.key !== "ArrowDown")) return false;
  if (event.key === "ArrowUp" && field.value === "" && state.onUp()) return true;
  // Within several lines the arrows go through them first.
  const line = event.key === "ArrowUp" ? field.value.slice(0, field.selectionStart) : field.value.slice(field.selectionEnd);
  return !line.includes("\n") && state.walk(event.key === "ArrowUp" ? -1 : 1);
}

function entered(
  event: KeyboardEvent,
  field: HTMLTextAreaElement,
  state: ComposerState,
  typed: (field: HTMLTextAreaElement) => void,
): boolean {
  if (event.shiftKey || event.altKey) return false;
  const other = event.ctrlKey || event.metaKey;
  if (byTouch.matches && !other) return false;
  const { selectionStart: at, value } = field;
  if (at === field.selectionEnd && value[at - 1] === "\\") {
    field.setRangeText("\n", at - 1, at, "end");
    typed(field);
    return true;
  }
  void state.send(other);
  return true;
}

/** Deleting takes a unit whole. */
function deleteWhole(event: InputEvent, field: HTMLTextAreaElement, typed: (field: HTMLTextAreaElement) => void): void {
  if (!event.inputType.startsWith("delete") || event.isComposing) return;
  const { selectionStart: from, selectionEnd: to, value } = field;
  const span =
    from !== to ? { from, to } : event.inputType.endsWith("Forward") ? { from, to: from + 1 } : { from: from - 1, to: from };
  const whole = wholeUnits(value, span);
  if (whole.from === span.from && whole.to === span.to) return;
  event.preventDefault();
  field.setRangeText("", whole.from, whole.to, "end");
  typed(field);
}

/** As high as its text, up to a share of the window. */
function fit(field: HTMLTextAreaElement): void {
  field.style.height = "auto";
  const most = window.innerHeight * MAX_ROWS_SHARE;
  field.style.height = `${Math.min(field.scrollHeight + 2, most)}px`;
  field.style.overflowY = field.scrollHeight + 2 > most ? "auto" : "hidden";
}
