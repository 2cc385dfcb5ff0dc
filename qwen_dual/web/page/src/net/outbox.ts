import type { Command } from "../wire";

/** What became of a command: the program's receipt, the server's refusal, or (`sent`) a program without receipts. */
export interface Receipt {
  id: string;
  status: "accepted" | "queued" | "rejected" | "duplicate" | "held" | "edited" | "refused" | "sent";
  code?: string;
  message?: string;
  position?: number;
  turn_id?: string;
  version?: number;
  outcome?: string;
  [field: string]: unknown;
}

/** Commands that mean the same whenever they arrive, so that they may wait for a connection. */
const PATIENT: ReadonlySet<string> = new Set(["submit", "confirmation_response"]);

interface Waiting {
  command: Command & { id: string };
  /** Over the connection that stands. */
  sent: boolean;
  settle(receipt: Receipt): void;
}

/**
 * The commands of a page that nobody has answered yet.
 *
 * A prompt or an answer goes out again under the same id after the connection broke: the program runs an id
 * once. An interrupt that came minutes late would stop something else, so that all others are given up.
 */
export class Outbox {
  readonly #waiting = new Map<string, Waiting>();

  /** Whether the program answers commands with receipts. Without, a command is done when it is sent. */
  receipts = true;

  /** Sends a command if `send` can, else keeps it where it may wait. */
  put(command: Command & { id: string }, send: ((command: Command) => boolean) | null): Promise<Receipt> {
    return new Promise((settle) => {
      const waiting: Waiting = { command, sent: false, settle };
      this.#waiting.set(command.id, waiting);
      if (send === null || !this.#send(waiting, send)) {
        if (!PATIENT.has(command.type)) this.#giveUp(waiting, "There is no connection now.");
      }
    });
  }

  /** The program or the server has said what became of one. */
  answered(receipt: Receipt): void {
    this.#waiting.get(receipt.id)?.settle(receipt);
    this.#waiting.delete(receipt.id);
  }

  /** The connection broke. */
  broke(): void {
    for (const waiting of [...this.#waiting.values()]) {
      waiting.sent = false;
      if (!PATIENT.has(waiting.command.type)) this.#giveUp(waiting, "The connection broke before an answer came.");
    }
  }

  /**
   * What was missed is told: what still waits goes out, in its order. What this connection has taken does not: the
   * server says hello over it once more when a program has begun, and not every program knows an id again.
   */
  resend(send: (command: Command) => boolean): void {
    for (const waiting of [...this.#waiting.values()]) if (!waiting.sent) this.#send(waiting, send);
  }

  /** The session is over. */
  end(message: string): void {
    for (const { command } of [...this.#waiting.values()]) {
      this.answered({ id: command.id, status: "rejected", code: "ended", message });
    }
  }

  #send(waiting: Waiting, send: (command: Command) => boolean): boolean {
    if (!send(waiting.command)) return false;
    waiting.sent = true;
    if (!this.receipts) this.answered({ id: waiting.command.id, status: "sent" });
    return true;
  }

  #giveUp({ command }: Waiting, message: string): void {
    this.answered({ id: command.id, status: "rejected", code: "offline", message });
  }
}

/** A UUID (version 4). `crypto.randomUUID` is there over HTTPS and on the own machine only. */
export function uuid(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  bytes[6] = ((bytes[6] ?? 0) & 0x0f) | 0x40;
  bytes[8] = ((bytes[8] ?? 0) & 0x3f) | 0x80;
  const hex = Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join("-");
}
