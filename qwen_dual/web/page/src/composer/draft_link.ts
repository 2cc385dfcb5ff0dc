/** Ties the draft of the page to that of a session: follows it, and writes what is typed here. */

import { effect, type ReadonlySignal, signal } from "@preact/signals";
import type { ChatItem, Receipt, Session } from "../app/session";
import { type DraftData, SharedDraft } from "./shared_draft";

/** Between two writes: the server lets a page say twenty things a second in the long run. */
const INTERVAL_MS = 100;
const SETTLE_MS = 3000;

export interface DraftShown {
  text: string;
  cursor: number;
  /** Changes whenever the text field must take `text` and `cursor` over: they were not typed into it. */
  written: number;
}

/** What a draft needs of its session. */
export type DraftSession = Pick<Session, "connected" | "supports" | "may" | "send" | "listen">;

export class DraftLink {
  readonly #shown = signal<DraftShown>({ text: "", cursor: 0, written: 0 });
  readonly #apart = signal("");
  readonly #shared = signal(false);
  readonly #draft = new SharedDraft();
  readonly #ends: (() => void)[] = [];
  /** The caret is in the text field: it stays with what it stands behind. */
  focused = false;
  #held: DraftData | null = null;
  #holding = false;
  #round = 0;
  #notBefore = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;

  readonly shown: ReadonlySignal<DraftShown> = this.#shown;
  /** Why the terminal's is another one; empty where they are the same. */
  readonly apart: ReadonlySignal<string> = this.#apart;
  /** Whether this page shares the draft at all. */
  readonly shared: ReadonlySignal<boolean> = this.#shared;

  constructor(private readonly session: DraftSession) {
    this.#ends.push(
      session.listen((items) => items.forEach(this.#heard)),
      effect(() => {
        const may = session.connected.value && session.supports("watch") && session.may("control");
        if (may) void this.#follow();
        else this.#leave();
      }),
    );
  }

  get text(): string {
    return this.#draft.text;
  }

  /** The version that is the program's and is shown here, once it is; null where that takes too long. */
  async version(): Promise<number | null> {
    for (let waited = 0; waited < SETTLE_MS; waited += INTERVAL_MS) {
      if (this.#shared.peek() && this.#draft.settled) return this.#draft.version;
      await new Promise((wake) => setTimeout(wake, INTERVAL_MS));
    }
    return null;
  }

  /** The text field has changed, or the caret in it. */
  typed(text: string, cursor: number): void {
    this.#draft.typed(text, cursor);
    this.#show(false);
    if (!this.#holding) this.#push();
  }

  /** The caret was moved in the text. */
  moved(cursor: number): void {
    this.#draft.cursor = cursor;
  }

  /** Something in the page gives the draft another text; the caret goes to `cursor`. */
  write(text: string, cursor = text.length): void {
    this.#draft.typed(text, cursor);
    this.#show(true);
    this.#push();
  }

  /** While an input method composes a word the text field is left alone. */
  hold(holding: boolean): void {
    this.#holding = holding;
    const held = this.#held;
    if (holding) return;
    this.#held = null;
    if (held !== null) this.#told(held);
    this.#push();
  }

  close(): void {
    clearTimeout(this.#timer);
    for (const end of this.#ends) end();
    if (this.#shared.peek()) void this.session.send({ type: "watch", draft: false });
  }

  async #follow(): Promise<void> {
    const round = ++this.#round;
    const receipt = await this.session.send({ type: "watch", draft: true });
    if (round !== this.#round) return;
    this.#shared.value = receipt.status === "accepted";
    this.#push(); // what was typed while nobody had answered
  }

  #leave(): void {
    this.#round++;
    this.#shared.value = false;
    this.#draft.lost();
  }

  readonly #heard = (item: ChatItem): void => {
    if (item.type !== "system" || item.subtype !== "draft") return;
    const draft = (item as { data?: unknown }).data as DraftData;
    if (this.#holding) this.#held = draft;
    else this.#told(draft);
  };

  #told(draft: DraftData): void {
    const changed = this.#draft.told(draft, performance.now(), !this.focused);
    this.#apart.value = this.#draft.apart;
    if (changed) this.#show(true);
    this.#push();
  }

  #push(): void {
    clearTimeout(this.#timer);
    if (!this.#shared.peek() || this.#holding) return;
    const now = performance.now();
    const due = Math.max(this.#draft.again ?? 0, this.#notBefore);
    const command = now < due ? null : this.#draft.next(now);
    if (command !== null) {
      this.#notBefore = now + INTERVAL_MS;
      void this.#send(command);
    } else if (now < due) {
      this.#timer = setTimeout(() => this.#push(), due - now);
    }
  }

  async #send(command: { text: string; cursor: number; if_version: number }): Promise<void> {
    const round = this.#round;
    const receipt: Receipt = await this.session.send({ type: "set_draft", ...command });
    if (round !== this.#round) return;
    if (receipt.code === "offline") this.#draft.lost();
    else this.#draft.answered(receipt, performance.now());
    this.#apart.value = this.#draft.apart;
    if (this.#draft.stale && receipt.code !== "offline") void this.session.send({ type: "get_draft" });
    this.#push();
  }

  #show(written: boolean): void {
    const { text, cursor } = this.#draft;
    const before = this.#shown.peek();
    this.#shown.value = { text, cursor, written: before.written + (written ? 1 : 0) };
  }
}
