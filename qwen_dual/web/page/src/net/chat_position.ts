import type { ChatMessage, ProgramEvent } from "../wire";

export type Hello = Extract<ChatMessage, { subtype: "hello" }>;
export type Ended = Extract<ChatMessage, { subtype: "ended" }>;
export type ChatItem = ProgramEvent | ChatMessage;

/** Events for whoever asked alone: they have the number of the event before them, and none of their own. */
const ASIDE: ReadonlySet<unknown> = new Set([
  ...["draft", "completions", "models", "modes", "export", "rewind_points", "sessions", "mcp", "state", "queue"],
  ...["command_receipt", "input_error"],
]);

export function isWebMessage(item: ChatItem): item is ChatMessage {
  return item.type === "web";
}

/** Where in a session's events a page is: asks for what it lacks, and knows what it has had already. */
export class ChatPosition {
  #epoch = "";
  #seq = 0;

  /** The number of the last event that was taken. */
  get seq(): number {
    return this.#seq;
  }

  get query(): string {
    return this.#epoch === "" ? "" : `?${new URLSearchParams({ from: String(this.#seq), epoch: this.#epoch })}`;
  }

  /** The server's first words; true when what the page has gives way to what follows. */
  greeted(hello: Hello): boolean {
    const anew = hello.whole || hello.epoch !== this.#epoch;
    this.#epoch = hello.epoch;
    if (anew) this.#seq = 0;
    return anew;
  }

  /** Whether an event is new; it counts as had from then on. Those without a number always are. */
  take(event: ProgramEvent): boolean {
    if (event.seq === undefined) return true;
    if (event.seq <= this.#seq) return event.type === "system" && ASIDE.has(event.subtype);
    this.#seq = event.seq;
    return true;
  }

  /** Forgets all, so that the next connection brings the whole conversation. */
  forget(): void {
    this.#epoch = "";
    this.#seq = 0;
  }
}
