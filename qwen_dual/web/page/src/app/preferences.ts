import { effect, type Signal, signal } from "@preact/signals";

import { keep, kept } from "../net/kept";

/** A signal that the browser keeps; a kept value that is none of `values` any more counts as the first. */
function choice<T extends string>(name: string, values: readonly [T, ...T[]]): Signal<T> {
  const before = values.find((value) => value === kept(name));
  const chosen = signal(before ?? values[0]);
  effect(() => keep(name, chosen.value));
  return chosen;
}

function number(name: string, first: number, least: number, most: number): Signal<number> {
  const before = Number.parseFloat(kept(name) ?? "");
  const chosen = signal(Number.isFinite(before) ? Math.min(most, Math.max(least, before)) : first);
  effect(() => keep(name, String(chosen.value)));
  return chosen;
}

export type Theme = "system" | "light" | "dark";
export type View = "split" | "chat" | "terminal";

export const theme = choice<Theme>("theme", ["system", "light", "dark"]);
export const view = choice<View>("view", ["split", "chat", "terminal"]);
/** The chat's part of the width when it stands beside the terminal. */
export const share = number("share", 0.5, 0.2, 0.8);
export const sidebar = choice<"open" | "closed">("sidebar", ["open", "closed"]);
/** Whether the browser tells when a session waits or is done while nobody looks at the page. */
export const notify = choice<"off" | "on">("notify", ["off", "on"]);
export const terminalSize = number("terminal-size", 13, 8, 28);
