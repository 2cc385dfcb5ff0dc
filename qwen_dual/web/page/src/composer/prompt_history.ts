/** What was sent before, walked with the arrow keys from an empty draft. Pure. */

import type { Entry } from "../conversation/types";

/** The prompts of people, the oldest first, none twice in a row. */
export function promptsIn(entries: readonly Entry[]): string[] {
  const found: string[] = [];
  for (const entry of entries) {
    let text = "";
    if (entry.kind === "prompt" && entry.by.origin !== "agent") text = entry.text;
    else if (entry.kind === "command") text = `/${entry.command}${entry.args ? ` ${entry.args}` : ""}`;
    if (text && text !== found.at(-1)) found.push(text);
  }
  return found;
}

export class PromptHistory {
  #back = 0;
  #shown = "";

  /** The next text in a direction (-1: earlier), or null where the key is the text field's own. */
  walk(step: -1 | 1, draft: string, prompts: readonly string[]): string | null {
    if (this.#back === 0 ? draft !== "" : draft !== this.#shown) {
      this.#back = 0;
      return null;
    }
    const back = this.#back - step;
    if (back < 0 || back > prompts.length) return null;
    this.#back = back;
    this.#shown = prompts[prompts.length - back] ?? "";
    return this.#shown;
  }
}
