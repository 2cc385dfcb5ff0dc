/** What may follow at the caret: asked of the program, one question at a time, the latest only. */

import { type ReadonlySignal, signal } from "@preact/signals";
import type { ChatItem, Session } from "../app/session";
import { codePointsBefore, positionOf } from "./units";

export interface Candidate {
  text: string;
  label: string;
  detail: string;
  /** What of the draft it takes the place of, in UTF-16 units. */
  from: number;
  to: number;
  /** The draft says it already. */
  exact: boolean;
}

export interface Menu {
  candidates: readonly Candidate[];
  selected: number;
  /** A person has moved in it, or it completes the name of a file: Enter takes what is selected. */
  chosen: boolean;
}

const NONE: Menu = { candidates: [], selected: 0, chosen: false };

/** Whether something may follow in `text` at `cursor`: a command, or what `@` names. */
export function asks(text: string, cursor: number): boolean {
  if (text.startsWith("/") && !text.includes("\n")) return true;
  const line = text.slice(text.lastIndexOf("\n", cursor - 1) + 1, cursor);
  return /(?:^|[^\w.@/\\-])@(?:\\.|[^\s\\])*$/u.test(line);
}

/** `text` with a candidate in it, and where the caret is then. */
export function completed(text: string, candidate: Candidate): { text: string; cursor: number } {
  const before = text.slice(0, candidate.from) + candidate.text;
  return { text: before + text.slice(candidate.to), cursor: before.length };
}

export class Completion {
  readonly #menu = signal<Menu>(NONE);
  readonly #end: () => void;
  #wanted: { text: string; cursor: number } | null = null;
  /** The draft that the menu is for. */
  #for = "";
  #asked: { id: string; text: string } | null = null;

  readonly menu: ReadonlySignal<Menu> = this.#menu;

  constructor(
    private readonly session: Pick<Session, "supports" | "may" | "send" | "listen">,
    private readonly newId: () => string,
  ) {
    this.#end = session.listen((items) => items.forEach(this.#heard));
  }

  get open(): boolean {
    return this.#menu.peek().candidates.length > 0;
  }

  get current(): Candidate | null {
    const { candidates, selected } = this.#menu.peek();
    return candidates[selected] ?? null;
  }

  /** The draft has changed under the person's hands. */
  typed(text: string, cursor: number): void {
    // What a slash offers takes the right that running it does.
    const may = text.startsWith("/") ? this.session.may("control") : true;
    if (!may || !this.session.supports("complete") || !asks(text, cursor)) {
      this.close();
      return;
    }
    this.#narrow(text, cursor);
    this.#wanted = { text, cursor };
    this.#ask();
  }

  /** Whether Enter takes the candidate and sends nothing. */
  get enterTakes(): boolean {
    const { candidates, chosen } = this.#menu.peek();
    return candidates.length > 0 && (chosen || !candidates.some((candidate) => candidate.exact));
  }

  move(step: number): void {
    const menu = this.#menu.peek();
    const count = menu.candidates.length;
    if (count) this.#menu.value = { ...menu, selected: (menu.selected + step + count) % count, chosen: true };
  }

  select(index: number): void {
    this.#menu.value = { ...this.#menu.peek(), selected: index, chosen: true };
  }

  /** The draft with what is selected; null where `text` is not what it was found for. */
  take(text: string): { text: string; cursor: number } | null {
    const candidate = this.current;
    if (candidate === null || text !== this.#for) return null;
    this.close();
    return completed(text, candidate);
  }

  close(): void {
    this.#wanted = this.#asked = null;
    this.#menu.value = NONE;
  }

  end(): void {
    this.#end();
    this.close();
  }

  /** Of what is offered, what the draft goes on to say: the next key may come before the program's answer. */
  #narrow(text: string, cursor: number): void {
    const menu = this.#menu.peek();
    const end = this.#for.length;
    if (!this.open || cursor !== text.length || text.length <= end || !text.startsWith(this.#for)) return;
    const fitting = menu.candidates.filter((one) => one.to === end && completed(this.#for, one).text.startsWith(text));
    if (fitting.length === 0) return;
    const selected = fitting.indexOf(menu.candidates[menu.selected] as Candidate);
    const candidates = fitting.map((one) => ({ ...one, to: text.length, exact: completed(this.#for, one).text.trimEnd() === text }));
    this.#for = text;
    this.#menu.value = { candidates, selected: Math.max(0, selected), chosen: menu.chosen && selected >= 0 };
  }

  #ask(): void {
    const wanted = this.#wanted;
    if (wanted === null || this.#asked !== null) return;
    this.#wanted = null;
    const asked = { id: this.newId(), text: wanted.text };
    this.#asked = asked;
    const cursor = codePointsBefore(wanted.text, wanted.cursor);
    void this.session.send({ type: "complete", id: asked.id, text: wanted.text, cursor }).then((receipt) => {
      if (receipt.status === "rejected" && this.#asked === asked) this.close();
    });
  }

  readonly #heard = (item: ChatItem): void => {
    if (item.type !== "system" || item.subtype !== "completions") return;
    const data = (item as { data?: unknown }).data as { command_id?: unknown; candidates?: unknown };
    const asked = this.#asked;
    if (asked === null || data.command_id !== asked.id) return;
    this.#asked = null;
    this.#for = asked.text;
    if (this.#wanted === null) this.#menu.value = { ...NONE, candidates: candidatesIn(data.candidates, asked.text) };
    this.#ask();
  };
}

function candidatesIn(given: unknown, text: string): Candidate[] {
  if (!Array.isArray(given)) return [];
  return given.flatMap((each: Record<string, unknown> | null) => {
    const { text: insert, label, from, to } = each ?? {};
    if (typeof insert !== "string" || typeof from !== "number" || typeof to !== "number") return [];
    const said = [each?.["hint"], each?.["detail"]].filter((part) => typeof part === "string" && part);
    return [
      {
        text: insert,
        label: typeof label === "string" ? label : insert,
        detail: said.join("  "),
        from: positionOf(text, from),
        to: positionOf(text, to),
        exact: each?.["exact"] === true,
      },
    ];
  });
}
