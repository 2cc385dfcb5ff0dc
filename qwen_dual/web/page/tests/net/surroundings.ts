import type { Surroundings } from "../../src/net/surroundings";

/** A WebSocket that a test plays the server of. */
export class FakeSocket {
  onopen: (() => void) | null = null;
  onmessage: ((event: { data: string | ArrayBuffer }) => void) | null = null;
  onclose: ((event: { code: number; reason: string }) => void) | null = null;
  binaryType = "blob";
  bufferedAmount = 0;
  closed = false;
  readonly sent: (string | Uint8Array)[] = [];

  constructor(readonly path: string) {}

  send(data: string | Uint8Array): void {
    this.sent.push(data);
  }

  close(): void {
    this.closed = true;
  }

  open(): void {
    this.onopen?.();
  }

  say(...items: object[]): void {
    this.onmessage?.({ data: JSON.stringify(items) });
  }

  break(code = 1006): void {
    this.onclose?.({ code, reason: "" });
  }
}

/** The browser as a test has it: time goes on when it says so. */
export class FakeSurroundings implements Surroundings {
  readonly sockets: FakeSocket[] = [];
  readonly #returns = new Set<(network: boolean) => void>();
  #timers: { at: number; callback: () => void }[] = [];
  #now = 0;

  get last(): FakeSocket {
    const socket = this.sockets.at(-1);
    if (socket === undefined) throw new Error("nobody has connected");
    return socket;
  }

  connect(path: string): WebSocket {
    const socket = new FakeSocket(path);
    this.sockets.push(socket);
    return socket as unknown as WebSocket;
  }

  now(): number {
    return this.#now;
  }

  random(): number {
    return 1;
  }

  after(milliseconds: number, callback: () => void): () => void {
    const timer = { at: this.#now + milliseconds, callback };
    this.#timers.push(timer);
    return () => (this.#timers = this.#timers.filter((other) => other !== timer));
  }

  onReturn(callback: (network: boolean) => void): () => void {
    this.#returns.add(callback);
    return () => this.#returns.delete(callback);
  }

  pass(milliseconds: number): void {
    this.#now += milliseconds;
    const due = this.#timers.filter(({ at }) => at <= this.#now);
    this.#timers = this.#timers.filter(({ at }) => at > this.#now);
    for (const { callback } of due) callback();
  }

  return(network: boolean): void {
    for (const callback of this.#returns) callback(network);
  }
}

/** Until all promises that are settled have told whoever waits for them. */
export const settled = () => new Promise<void>((done) => void setTimeout(done, 0));
