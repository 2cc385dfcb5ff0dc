import { signal } from "@preact/signals";
import { useEffect } from "preact/hooks";

import { composing } from "../ui/composing";

export interface Shortcut {
  /**
   * `Ctrl+Shift+Digit1`: modifiers in this order (Ctrl, Alt, Shift, Meta), then the key's `code` (of a letter, the one
   * of a US keyboard that has it), or `?` as typed. */
  keys: string;
  label: string;
  group: "Page" | "Sessions" | "Terminal" | "Chat" | "Composer" | "Requests";
  /** Also where somebody types, the terminal included. Needs Ctrl, Alt or Meta, or a function key. */
  everywhere?: boolean;
  /** Does it; false says that it does not apply now, and the key goes on. Without it, the key is only listed. */
  run?(): boolean | void;
}

const registered = signal<readonly Shortcut[]>([]);

/** All that hold now, as the list under `?` shows them. */
export const shortcuts = registered;

export function registerShortcuts(more: readonly Shortcut[]): () => void {
  registered.value = [...registered.peek(), ...more];
  return () => {
    registered.value = registered.peek().filter((shortcut) => !more.includes(shortcut));
  };
}

/** Shortcuts that hold as long as a component is there; `again` says when they are to be made anew. */
export function useShortcuts(make: () => readonly Shortcut[], again: readonly unknown[] = []): void {
  useEffect(() => registerShortcuts(make()), again);
}

export type Keys = Pick<KeyboardEvent, "ctrlKey" | "altKey" | "shiftKey" | "metaKey" | "code" | "key">;

/** The keys of an event as shortcuts name them. */
export function keysOf(event: Keys): string {
  if (event.key === "?" && !event.ctrlKey && !event.altKey && !event.metaKey) return "?";
  const held = [
    event.ctrlKey && "Ctrl+",
    event.altKey && "Alt+",
    event.shiftKey && "Shift+",
    event.metaKey && "Meta+",
  ];
  // A letter is where the person's layout has it; of a layout without Latin letters, where theirs would be.
  const code = /^[a-z]$/i.test(event.key) ? `Key${event.key.toUpperCase()}` : event.code;
  return held.filter(Boolean).join("") + code;
}

/** The shortcut that an event is for. */
export function shortcutFor(event: Keys, typing: boolean): Shortcut | null {
  const keys = keysOf(event);
  const found = registered.peek().filter((one) => one.keys === keys && one.run !== undefined);
  return found.findLast((one) => !typing || one.everywhere) ?? null;
}

function isTyping(target: EventTarget | null): boolean {
  if (!(target instanceof HTMLElement)) return false;
  return target.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName);
}

/** Runs shortcuts from now on, before whoever has the focus gets the key. */
export function listenForShortcuts(): () => void {
  const pressed = (event: KeyboardEvent) => {
    if (composing(event) || document.querySelector("dialog[open]") !== null) return;
    const shortcut = shortcutFor(event, isTyping(event.target));
    if (shortcut === null || shortcut.run?.() === false) return;
    event.preventDefault();
    event.stopPropagation();
  };
  window.addEventListener("keydown", pressed, true);
  return () => window.removeEventListener("keydown", pressed, true);
}

const NAMES: Readonly<Record<string, string>> = {
  Meta: "⌘",
  ArrowUp: "↑",
  ArrowDown: "↓",
  ArrowLeft: "←",
  ArrowRight: "→",
  Backquote: "`",
  Backslash: "\\",
  Slash: "/",
  Period: ".",
  Comma: ",",
  Escape: "Esc",
};

/** The keys of a shortcut, one by one, as they stand on a keyboard. */
export function spelled(keys: string): string[] {
  return keys.split("+").map((key) => NAMES[key] ?? key.replace(/^(Key|Digit)/, ""));
}
