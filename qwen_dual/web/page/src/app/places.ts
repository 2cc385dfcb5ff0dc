import { signal } from "@preact/signals";

/** A wish to see something. Whoever fulfils it sets its signal to null. */
export interface Wish {
  readonly seq: number;
}

/**
 * Where messages and lines of the terminal find each other: by the `seq` of the event that brought a block,
 * which the program writes into its terminal as well (`OSC 7502`).
 */
export class Places {
  /** The events whose blocks stand in the terminal's scrollback. */
  readonly inTerminal = signal<ReadonlySet<number>>(new Set());
  /** The terminal is to show the line of this event. */
  readonly wantedLine = signal<Wish | null>(null);
  /**
   * The chat is to show the message of this event. Where an answer was told before the page came, its first
   * piece may be none of its events: it is the first message whose last event is this one or a later one.
   */
  readonly wantedMessage = signal<Wish | null>(null);

  /** How many prompts this page has sent: with each the chat goes to its end. */
  readonly sent = signal(0);
  /** The chat is being searched. */
  readonly searching = signal(false);

  showLine(seq: number): void {
    this.wantedLine.value = { seq };
  }

  showMessage(seq: number): void {
    this.wantedMessage.value = { seq };
  }
}
