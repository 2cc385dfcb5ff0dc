import { batch, computed, effect, signal, untracked } from "@preact/signals";

import { terminalSize } from "../app/preferences";
import type { Session } from "../app/session";
import { stillIn } from "../app/access";
import { shownTheme } from "../app/theme";
import { Connection } from "../net/connection";
import { plain } from "../ui/plain_text";
import { CLOSED, type TerminalCommand, type TerminalMessage } from "../wire";
import { Emulator } from "./emulator";
import { letterboxFont, type Size } from "./fitting";
import { type FlowScreen, TerminalFlow } from "./flow";
import { ScreenMarks } from "./marks";
import { pasted } from "./pasted";
import { isFocusReport, limitReplies } from "./replies";

/** What is typed or pasted goes out in messages of this size at the most. */
const TYPED_BYTES = 16 << 10;
const ACTIVE_EVERY_MS = 1000;

/** A session's terminal in the page: the emulator, and its connection to the server. */
export class LiveTerminal implements FlowScreen {
  readonly title = signal("");
  /** The terminal's size; `mine` when this page gave it. */
  readonly shownSize = signal<(Size & { mine: boolean }) | null>(null);
  /** What fits into this page; null while it is not shown. */
  readonly room = signal<Size | null>(null);
  /** The size, where it is another page's and not what fits here. */
  readonly foreignSize = computed(() => {
    const [size, room] = [this.shownSize.value, this.room.value];
    if (size === null || size.mine || room === null) return null;
    return size.columns === room.columns && size.rows === room.rows ? null : size;
  });
  readonly over = signal<string | null>(null);
  /** Whether output is missing that was painted earlier. */
  readonly lost = signal(false);
  readonly emulator: Emulator;
  readonly connection: Connection;
  readonly #marks: ScreenMarks;
  readonly #flow = new TerminalFlow(this, (offset) => this.#tell({ type: "ack", offset }));
  readonly #encoder = new TextEncoder();
  readonly #cleanups: (() => void)[] = [];
  #live = false;
  #drawn = false;
  #saidActive = Number.NEGATIVE_INFINITY;
  #marksChanged = false;

  constructor(
    private readonly host: HTMLElement,
    private readonly session: Session,
  ) {
    this.emulator = new Emulator(host, shownTheme.peek(), terminalSize.peek());
    const { terminal } = this.emulator;
    this.#marks = new ScreenMarks(terminal, () => this.#tellMarks());
    limitReplies(terminal.parser, () => this.#live && this.#isMine());
    terminal.onData((data) => this.#typed(data));
    terminal.onBinary((data) => this.#send(Uint8Array.from(data, (character) => character.charCodeAt(0))));
    terminal.onTitleChange((title) => (this.title.value = plain(title)));
    this.connection = new Connection({
      path: () => `ws/terminal/${encodeURIComponent(session.key)}${this.#flow.query}`,
      opened: () => this.#flow.connected(),
      text: (data) => this.#flow.message(JSON.parse(data) as TerminalMessage),
      bytes: (data) => this.#flow.bytes(data),
      broke: (code, _reason, opened) => {
        if (code === CLOSED.unknown || this.over.peek() !== null) return false;
        return opened && code !== CLOSED.left ? true : stillIn();
      },
    });
    this.#watch();
  }

  // -- what the flow drives --------------------------------------------------------------------------------

  write(data: Uint8Array, done: () => void): void {
    this.emulator.terminal.write(data, done);
  }

  reset(lost: boolean): void {
    this.#marks.clear();
    this.emulator.terminal.reset();
    this.lost.value = lost;
  }

  resize(columns: number, rows: number, mine: boolean): void {
    this.shownSize.value = { columns, rows, mine };
    this.#fitFont();
    this.emulator.terminal.resize(columns, rows);
  }

  live(now: boolean): void {
    if (now && !this.#drawn) {
      this.#drawn = true;
      performance.mark("terminal-shown");
      // To begin with WebGL takes longer than all that there is to draw at first.
      this.#cleanups.push(whenIdle(() => void this.emulator.drawFaster()));
    }
    this.#live = now;
    this.host.dataset["live"] = String(now);
  }

  ended(message: string): void {
    this.over.value = message || "The program has ended.";
  }

  // -- what the page does with it --------------------------------------------------------------------------

  focus(): void {
    this.emulator.terminal.focus();
  }

  /** Types as a key would, for keys that a phone does not have. */
  press(keys: string): void {
    this.emulator.terminal.input(keys, true);
  }

  /** Pastes a text, of which nothing can act as keys. */
  paste(text: string): void {
    if (this.emulator.terminal.options.disableStdin !== true) this.emulator.terminal.paste(pasted(text));
  }

  /** Shows the line of an event; false when the terminal does not have it. */
  showLine(seq: number): boolean {
    const marker = this.#marks.markerOf(seq);
    if (marker === null) return false;
    this.emulator.show(marker, shownTheme.peek());
    return true;
  }

  /** Has the chat show the message whose block a line belongs to; false where there is none. */
  showMessageAt(line: number): boolean {
    const seq = this.#marks.seqAt(line);
    if (seq !== null) this.session.places.showMessage(seq);
    return seq !== null;
  }

  /** The line that a person means without a pointer: where their selection begins, else the last that is seen. */
  meantLine(): number {
    const { terminal } = this.emulator;
    const selected = terminal.getSelectionPosition();
    return selected?.start.y ?? terminal.buffer.active.viewportY + terminal.rows - 1;
  }

  /** A person uses this page's terminal: it has the size from now on. */
  use(): void {
    const now = performance.now();
    if (this.#isMine() || !this.session.may("control") || now - this.#saidActive < ACTIVE_EVERY_MS) return;
    this.#saidActive = now;
    this.#tell({ type: "active" });
    this.#tellRoom();
  }

  dispose(): void {
    for (const cleanup of this.#cleanups) cleanup();
    this.connection.close();
    this.#marks.dispose();
    this.emulator.dispose();
  }

  // -- within ------------------------------------------------------------------------------------------------

  #watch(): void {
    const observer = new ResizeObserver(() => this.#measure());
    observer.observe(this.host);
    this.#cleanups.push(
      () => observer.disconnect(),
      effect(() => {
        this.emulator.theme = shownTheme.value;
      }),
      effect(() => {
        void terminalSize.value;
        this.#fitFont();
        this.#measure();
      }),
      effect(() => {
        const opened = this.session.may("control") && this.connection.state.value === "open";
        this.emulator.terminal.options.disableStdin = !opened || this.over.value !== null;
      }),
      effect(() => {
        // What this page may do its chat says, which may come before the terminal's connection or after it.
        if (this.session.may("control") && this.connection.state.value === "open") untracked(() => this.#present());
      }),
      effect(() => {
        const wish = this.session.places.wantedLine.value;
        if (wish !== null && this.showLine(wish.seq)) this.session.places.wantedLine.value = null;
      }),
    );
  }

  #isMine(): boolean {
    return this.shownSize.peek()?.mine === true;
  }

  /** Says to a connection that is new, or that may control from now on, what fits here, and that somebody is here. */
  #present(): void {
    this.#saidActive = Number.NEGATIVE_INFINITY;
    this.#tellRoom();
    if (document.hasFocus()) this.use();
  }

  #measure(): void {
    const room = this.emulator.room(terminalSize.peek());
    if (room === null) return;
    const before = this.room.peek();
    this.room.value = room;
    this.#fitFont();
    if (room.columns !== before?.columns || room.rows !== before.rows) this.#tellRoom();
  }

  #fitFont(): void {
    const [size, room, own] = [this.foreignSize.peek(), this.room.peek(), terminalSize.peek()];
    this.emulator.fontSize = size === null || room === null ? own : letterboxFont(own, room, size);
  }

  #tellRoom(): void {
    const room = this.room.peek();
    if (room !== null && this.session.may("control")) this.#tell({ type: "resize", ...room });
  }

  #typed(data: string): void {
    if (isFocusReport(data)) {
      if (this.#isMine()) this.#send(this.#encoder.encode(data));
      return;
    }
    this.use();
    this.#send(this.#encoder.encode(data));
  }

  #send(data: Uint8Array<ArrayBuffer>): void {
    if (!this.session.may("control")) return;
    for (let at = 0; at < data.length; at += TYPED_BYTES) this.connection.send(data.slice(at, at + TYPED_BYTES));
  }

  #tell(command: TerminalCommand): void {
    this.connection.send(JSON.stringify(command));
  }

  #tellMarks(): void {
    if (this.#marksChanged) return;
    this.#marksChanged = true;
    // Many come at once when a conversation is painted.
    queueMicrotask(() => {
      this.#marksChanged = false;
      batch(() => {
        const { places } = this.session;
        places.inTerminal.value = this.#marks.seqs;
        const wish = places.wantedLine.peek();
        if (wish !== null && this.showLine(wish.seq)) places.wantedLine.value = null;
      });
    });
  }
}

/** Calls back when the page has nothing else to do; what it returns takes that back. Safari cannot say when. */
function whenIdle(callback: () => void): () => void {
  if (!("requestIdleCallback" in window)) {
    const timer = setTimeout(callback, 500);
    return () => clearTimeout(timer);
  }
  const wish = window.requestIdleCallback(callback, { timeout: 2000 });
  return () => window.cancelIdleCallback(wish);
}
