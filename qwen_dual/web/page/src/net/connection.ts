import { type ReadonlySignal, signal } from "@preact/signals";

import { backoff } from "./backoff";
import { browser, type Surroundings } from "./surroundings";

/** `waiting`: it broke and is tried again later; `closed`: for good. */
export type ConnectionState = "connecting" | "open" | "waiting" | "closed";

export interface ConnectionHandlers {
  /** Where to connect, asked anew each time: it says what is already there. */
  path(): string;
  opened?(): void;
  text(data: string): void;
  bytes?(data: Uint8Array): void;
  /** It broke. `opened` says whether it ever stood; false in return gives it up. */
  broke?(code: number, reason: string, opened: boolean): boolean | Promise<boolean>;
}

/** How long a connection may have been silent before it counts as dead when the tab comes back. */
const SILENCE_MS = 30_000;

/**
 * A WebSocket that comes back: with growing waits, at once when the network or the tab is there again.
 *
 * After a laptop's sleep a socket may look open for minutes although nobody is at its other end, so that one
 * that has been silent is replaced when the tab is looked at again. What was missed is the handlers' to ask for.
 */
export class Connection {
  readonly #state = signal<ConnectionState>("connecting");
  readonly #brokenBy = signal(0);
  #socket: WebSocket | null = null;
  #attempts = 0;
  #heard = 0;
  #cancelRetry: () => void = () => undefined;
  readonly #forgetReturn: () => void;

  constructor(
    private readonly handlers: ConnectionHandlers,
    private readonly surroundings: Surroundings = browser,
  ) {
    this.#forgetReturn = surroundings.onReturn((network) => this.#returned(network));
    this.#connect();
  }

  get state(): ReadonlySignal<ConnectionState> {
    return this.#state;
  }

  /** The code with which it was closed last; 0 before. */
  get brokenBy(): ReadonlySignal<number> {
    return this.#brokenBy;
  }

  /** How many bytes wait to go out. */
  get unsent(): number {
    return this.#socket?.bufferedAmount ?? 0;
  }

  /** Sends; false when there is no connection now. */
  send(data: string | Uint8Array<ArrayBuffer>): boolean {
    if (this.#socket === null || this.#state.peek() !== "open") return false;
    this.#socket.send(data);
    return true;
  }

  /** Tries again now, if it waits. */
  retry(): void {
    if (this.#state.peek() === "waiting") this.#connect();
  }

  /** Drops the socket and makes a new one. */
  renew(): void {
    if (this.#state.peek() === "closed") return;
    this.#drop();
    this.#connect();
  }

  close(): void {
    this.#state.value = "closed";
    this.#cancelRetry();
    this.#forgetReturn();
    this.#drop();
  }

  #connect(): void {
    this.#cancelRetry();
    this.#state.value = "connecting";
    this.#heard = this.surroundings.now();
    const socket = this.surroundings.connect(this.handlers.path());
    socket.binaryType = "arraybuffer";
    this.#socket = socket;
    let opened = false;
    socket.onopen = () => {
      opened = true;
      this.#state.value = "open";
      this.handlers.opened?.();
    };
    socket.onmessage = (event: MessageEvent<string | ArrayBuffer>) => {
      this.#heard = this.surroundings.now();
      this.#attempts = 0;
      if (typeof event.data === "string") this.handlers.text(event.data);
      else this.handlers.bytes?.(new Uint8Array(event.data));
    };
    socket.onclose = (event) => {
      if (this.#socket !== socket) return;
      this.#drop();
      void this.#broke(event.code, event.reason, opened);
    };
  }

  async #broke(code: number, reason: string, opened: boolean): Promise<void> {
    this.#brokenBy.value = code;
    this.#state.value = "waiting";
    const goesOn = this.handlers.broke?.(code, reason, opened) ?? true;
    if (!(goesOn === true || (await goesOn))) return this.close();
    if (this.#state.peek() !== "waiting") return;
    const delay = backoff(this.#attempts++, this.surroundings.random());
    this.#cancelRetry = this.surroundings.after(delay, () => this.retry());
  }

  #returned(network: boolean): void {
    const state = this.#state.peek();
    if (state === "waiting") this.#connect();
    else if (state === "open") {
      const silent = this.surroundings.now() - this.#heard;
      if (network || silent > SILENCE_MS) this.renew();
    }
  }

  #drop(): void {
    const socket = this.#socket;
    if (socket === null) return;
    this.#socket = null;
    socket.onopen = socket.onmessage = socket.onclose = null;
    socket.close();
  }
}
