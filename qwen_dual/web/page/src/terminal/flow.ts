import type { TerminalMessage } from "../wire";

/** What a flow drives: an emulator that parses what it is given later, and says when it has. */
export interface FlowScreen {
  write(data: Uint8Array, done: () => void): void;
  /** All is to be forgotten; what follows begins anew. */
  reset(lost: boolean): void;
  resize(columns: number, rows: number, mine: boolean): void;
  /** What is written from here on is of now (true), or was painted before the page came (false). */
  live(now: boolean): void;
  ended(message: string): void;
}

/** How much may be parsed without a word to the server, as long as more waits to be parsed. */
const ACKNOWLEDGE_BYTES = 16 << 10;

type Step = Uint8Array | TerminalMessage;

/**
 * The bytes and messages of a terminal's WebSocket, brought to the emulator in their one order.
 *
 * An emulator parses behind our back, so that whatever is not bytes waits until all bytes before it are parsed.
 * What is acknowledged has been parsed, not only received: that is what holds the server back.
 */
export class TerminalFlow {
  #epoch = "";
  #received = 0;
  #parsed = 0;
  #acknowledged = 0;
  #parsing = 0;
  #steps: Step[] = [];
  /** Counts the connections: what an earlier one still has parsed is acknowledged to nobody. */
  #connection = 0;

  constructor(
    private readonly screen: FlowScreen,
    private readonly acknowledge: (offset: number) => void,
  ) {}

  /** What to ask for at the next connection: what comes after all that was received. */
  get query(): string {
    if (this.#epoch === "") return "";
    return `?${new URLSearchParams({ from: String(this.#received), epoch: this.#epoch })}`;
  }

  /** A new connection stands. */
  connected(): void {
    this.#connection++;
  }

  bytes(data: Uint8Array): void {
    this.#received += data.length;
    this.#take(data);
  }

  message(message: TerminalMessage): void {
    if (message.subtype === "screen") {
      this.#epoch = message.epoch;
      this.#received = message.offset;
    }
    this.#take(message);
  }

  #take(step: Step): void {
    this.#steps.push(step);
    this.#advance();
  }

  #advance(): void {
    let step: Step | undefined;
    while ((step = this.#steps[0]) !== undefined) {
      if (!(step instanceof Uint8Array) && this.#parsing > 0) return;
      // Before it is done: behind a key xterm parses at once, and we come by here again from within.
      this.#steps.shift();
      if (step instanceof Uint8Array) this.#write(step);
      else this.#do(step);
    }
  }

  #write(data: Uint8Array): void {
    const connection = this.#connection;
    this.#parsing += data.length;
    this.screen.write(data, () => {
      this.#parsing -= data.length;
      this.#parsed += data.length;
      const due = this.#parsed - this.#acknowledged;
      if (connection === this.#connection && (due >= ACKNOWLEDGE_BYTES || this.#parsing === 0)) {
        this.#acknowledged = this.#parsed;
        this.acknowledge(this.#parsed);
      }
      if (this.#parsing === 0) this.#advance();
    });
  }

  #do(message: TerminalMessage): void {
    if (message.subtype === "screen") {
      this.#parsed = this.#acknowledged = message.offset;
      this.screen.live(false);
      if (message.fresh) this.screen.reset(message.lost);
    } else if (message.subtype === "shown") this.screen.live(true);
    else if (message.subtype === "size") this.screen.resize(message.columns, message.rows, message.mine);
    else this.screen.ended(message.message);
  }
}
