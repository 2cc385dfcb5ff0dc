import { batch, computed, type ReadonlySignal, signal } from "@preact/signals";

import { apply, type Conversation, empty } from "../conversation";
import { type ChatItem, ChatPosition, type Ended, type Hello, isWebMessage } from "../net/chat_position";
import { Connection, type ConnectionState } from "../net/connection";
import { Outbox, type Receipt, uuid } from "../net/outbox";
import { browser, type Surroundings } from "../net/surroundings";
import { CLOSED, type Command, type ProgramEvent, type Right } from "../wire";
import { stillIn } from "./access";
import { Places } from "./places";

export type { ChatItem, Ended, Hello, Receipt };

/** How long items are gathered before they are shown, so that a fast answer does not draw the page for each word. */
const GATHER_MS = 16;

/** One session as the page has it: what it says, what may be done, and the way to say something to it. */
export class Session {
  readonly places = new Places();
  readonly #hello = signal<Hello | null>(null);
  readonly #live = signal(false);
  readonly #conversation = signal<Conversation>(empty);
  readonly #gone = signal(false);
  readonly #position = new ChatPosition();
  readonly #outbox = new Outbox();
  readonly #listeners = new Set<(items: readonly ChatItem[]) => void>();
  readonly #connection: Connection;
  #gathered: ChatItem[] = [];
  #flushed = Number.NEGATIVE_INFINITY;
  #cancelFlush: (() => void) | null = null;
  #folded: Conversation = empty;

  /** Whether what the page shows is of now: connected, and all that was missed is told. */
  readonly connected: ReadonlySignal<boolean> = this.#live;
  /** What the server said of the session, and of what this page may do; null before it did. */
  readonly hello: ReadonlySignal<Hello | null> = this.#hello;
  readonly conversation: ReadonlySignal<Conversation> = this.#conversation;
  /** The server knows no such session (any more). */
  readonly gone: ReadonlySignal<boolean> = this.#gone;
  readonly rights: ReadonlySignal<ReadonlySet<Right>> = computed(() => new Set(this.#hello.value?.rights));
  readonly #supported = computed(() => new Set(this.#hello.value?.supported_commands));

  constructor(
    readonly key: string,
    private readonly surroundings: Surroundings = browser,
    letIn: () => Promise<boolean> = stillIn,
  ) {
    this.#connection = new Connection(
      {
        path: () => `ws/chat/${encodeURIComponent(key)}${this.#position.query}`,
        text: (data) => this.#received(JSON.parse(data) as ChatItem[]),
        broke: (code, _reason, opened) => {
          this.#live.value = false;
          this.#outbox.broke();
          if (code === CLOSED.unknown) {
            this.#gone.value = true;
            this.#outbox.end("There is no such session any more.");
            return false;
          }
          return opened && code !== CLOSED.left ? true : letIn();
        },
      },
      surroundings,
    );
  }

  get connection(): ReadonlySignal<ConnectionState> {
    return this.#connection.state;
  }

  /** The code with which the server closed the last connection; 0 for none. */
  get brokenBy(): ReadonlySignal<number> {
    return this.#connection.brokenBy;
  }

  /** Whether the program takes a command. A signal is read: whoever shows it is drawn again. */
  supports(command: string): boolean {
    return this.#supported.value.has(command);
  }

  may(right: Right): boolean {
    return this.rights.value.has(right);
  }

  /**
   * Gives the program a command; what it says to it. Never rejects: a command that did not get through has a
   * receipt too, with the status `rejected` and the code `offline`, `ended`, or the server's.
   */
  send(command: Command): Promise<Receipt> {
    const named = { ...command, id: command.id ?? uuid() };
    return this.#outbox.put(named, this.#live.peek() ? this.#post : null);
  }

  /** Hears of all that comes, in order, after the conversation has it. What it returns ends that. */
  listen(listener: (items: readonly ChatItem[]) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Tries the connection again now. */
  retry(): void {
    this.#connection.retry();
  }

  close(): void {
    this.#connection.close();
    this.#cancelFlush?.();
    this.#outbox.end("The session was left.");
  }

  readonly #post = (command: Command): boolean => this.#connection.send(JSON.stringify(command));

  #received(items: ChatItem[]): void {
    const receipts: Receipt[] = [];
    let replayed = false;
    for (const item of items) {
      if (isWebMessage(item)) {
        if (item.subtype === "hello") {
          this.#position.greeted(item);
          this.#hello.value = item;
        } else if (item.subtype === "replayed") replayed = true;
        else if (item.subtype === "refused") receipts.push({ ...item, status: "rejected" });
        this.#gathered.push(item);
      } else if (this.#position.take(item)) {
        this.#gathered.push(item);
        this.#look(item, receipts);
      }
    }
    const ended = items.find((item) => isWebMessage(item) && item.subtype === "ended") as Ended | undefined;
    if (replayed || receipts.length > 0 || ended !== undefined) this.#flush(replayed);
    else this.#flushSoon();
    for (const receipt of receipts) this.#outbox.answered(receipt);
    if (replayed) this.#outbox.resend(this.#post);
    if (ended !== undefined) this.#outbox.end(ended.message || "The program has ended.");
  }

  #look(event: ProgramEvent, receipts: Receipt[]): void {
    const data = event["data"] as Record<string, unknown> | undefined;
    if (event.type !== "system" || data === undefined) return;
    if (event.subtype === "session_start") this.#outbox.receipts = Array.isArray(data["supported_commands"]);
    else if (event.subtype === "command_receipt") receipts.push(data as unknown as Receipt);
  }

  #flushSoon(): void {
    if (this.#cancelFlush !== null) return;
    const due = this.#flushed + GATHER_MS - this.surroundings.now();
    if (due <= 0) this.#flush(false);
    else this.#cancelFlush = this.surroundings.after(due, () => this.#flush(false));
  }

  #flush(replayed: boolean): void {
    this.#cancelFlush?.();
    this.#cancelFlush = null;
    this.#flushed = this.surroundings.now();
    const items = this.#gathered;
    this.#gathered = [];
    if (items.length > 0) this.#folded = apply(this.#folded, items);
    batch(() => {
      if (replayed) this.#live.value = true;
      // While what was missed is told, the page goes on to show what it had.
      if (this.#live.peek() || this.#folded.ended !== null) this.#conversation.value = this.#folded;
    });
    if (items.length > 0) for (const listener of this.#listeners) listener(items);
  }
}

/** How many sessions stay connected, so that a look back at one is a look at what it is now. */
const OPEN_AT_ONCE = 4;

const opened = new Map<string, Session>();

/**
 * The session with this key: the same object as long as it is one of the last that were looked at. One that is over
 * is opened anew, but for one that the server does not know: not unless that is `listed` (again).
 */
export function openSession(key: string, listed: boolean): Session {
  const known = opened.get(key);
  const over = known?.connection.peek() === "closed" && (listed || !known.gone.peek());
  const session = known === undefined || over ? new Session(key) : known;
  opened.delete(key);
  opened.set(key, session);
  for (const [other, idle] of opened) {
    if (opened.size <= OPEN_AT_ONCE) break;
    opened.delete(other);
    idle.close();
  }
  return session;
}

/** Closes all: the page is not let in any more. */
export function closeSessions(): void {
  for (const session of opened.values()) session.close();
  opened.clear();
}
