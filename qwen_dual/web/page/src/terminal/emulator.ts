import { FitAddon } from "@xterm/addon-fit";
import { SearchAddon } from "@xterm/addon-search";
import { SerializeAddon } from "@xterm/addon-serialize";
import { UnicodeGraphemesAddon } from "@xterm/addon-unicode-graphemes";
import { WebLinksAddon } from "@xterm/addon-web-links";
import { type IMarker, Terminal } from "@xterm/xterm";

import { TERMINAL_COLOURS } from "./colours";
import type { Size } from "./fitting";
import { openLink } from "./links";

const SCROLLBACK_LINES = 20_000;
const FLASH_MS = 1600;
const CHECK_MS = 250;

/** xterm.js with what this page needs of it; it knows of no session and no server. */
export class Emulator {
  readonly terminal: Terminal;
  readonly search = new SearchAddon({ highlightLimit: 2000 });
  readonly #fit = new FitAddon();
  readonly #serialize = new SerializeAddon();

  /**
   * @param host an element of the page that has its size already
   * @param size of the letters, in CSS pixels
   */
  constructor(
    private readonly host: HTMLElement,
    theme: "light" | "dark",
    size: number,
  ) {
    this.terminal = new Terminal({
      allowProposedApi: true,
      altClickMovesCursor: false,
      fontFamily: getComputedStyle(document.documentElement).getPropertyValue("--mono"),
      fontSize: size,
      linkHandler: { activate: (_event, uri) => openLink(uri) },
      minimumContrastRatio: 4.5,
      scrollback: SCROLLBACK_LINES,
      theme: TERMINAL_COLOURS[theme],
    });
    this.terminal.loadAddon(this.#fit);
    this.terminal.loadAddon(this.search);
    this.terminal.loadAddon(this.#serialize);
    this.terminal.loadAddon(new UnicodeGraphemesAddon());
    this.terminal.loadAddon(new WebLinksAddon((_event, uri) => openLink(uri)));
    // A program may put nothing into the clipboard of whoever looks at it.
    this.terminal.parser.registerOscHandler(52, () => true);
    this.terminal.open(host);
  }

  set theme(theme: "light" | "dark") {
    this.terminal.options.theme = TERMINAL_COLOURS[theme];
  }

  set fontSize(size: number) {
    if (this.terminal.options.fontSize !== size) this.terminal.options.fontSize = size;
  }

  /** What fits into the host at letters of a size; null while it is not shown. */
  room(size: number): Size | null {
    if (this.host.offsetParent === null) return null;
    const fits = this.#fit.proposeDimensions();
    if (fits === undefined || !Number.isFinite(fits.cols) || !Number.isFinite(fits.rows)) return null;
    const ratio = (this.terminal.options.fontSize ?? size) / size;
    return { columns: Math.max(2, Math.floor(fits.cols * ratio)), rows: Math.max(2, Math.floor(fits.rows * ratio)) };
  }

  /** All that the terminal holds, as escape sequences that bring it about again. */
  serialize(): string {
    return this.#serialize.serialize();
  }

  /** All lines that the terminal holds, wrapped ones whole, without what is empty at the end. */
  text(): string {
    const buffer = this.terminal.buffer.active;
    const lines: string[] = [];
    for (let at = 0; at < buffer.length; at++) {
      const line = buffer.getLine(at);
      const text = line?.translateToString(buffer.getLine(at + 1)?.isWrapped !== true) ?? "";
      if (line?.isWrapped === true) lines.push((lines.pop() ?? "") + text);
      else lines.push(text);
    }
    return lines.join("\n").trimEnd();
  }

  /** Scrolls a line into the upper third, and has it stand out for a moment. */
  show(marker: IMarker, theme: "light" | "dark"): void {
    this.terminal.scrollToLine(Math.max(0, marker.line - Math.floor(this.terminal.rows / 3)));
    const flash = this.terminal.registerDecoration({
      marker,
      width: this.terminal.cols,
      backgroundColor: theme === "dark" ? "#4a3c12" : "#fbe6ae",
    });
    setTimeout(() => flash?.dispose(), FLASH_MS);
  }

  /** The line under a place on the screen, counted from the top of the history. */
  lineAt(clientY: number): number {
    const screen = this.host.querySelector(".xterm-screen")?.getBoundingClientRect() ?? this.host.getBoundingClientRect();
    const row = Math.floor(((clientY - screen.top) / screen.height) * this.terminal.rows);
    return this.terminal.buffer.active.viewportY + Math.max(0, Math.min(this.terminal.rows - 1, row));
  }

  /** WebGL where there is one; the DOM renderer is there before it, and comes back when the context is lost. */
  async drawFaster(): Promise<void> {
    try {
      const { WebglAddon } = await import("@xterm/addon-webgl");
      if (this.terminal.element === undefined) return;
      const webgl = new WebglAddon();
      webgl.onContextLoss(() => webgl.dispose());
      this.terminal.loadAddon(webgl);
      setTimeout(() => this.#isSharp() || webgl.dispose(), CHECK_MS);
    } catch {
      // No WebGL 2 here, or its piece of the page cannot be had: what draws now goes on.
    }
  }

  /**
   * Whether what WebGL draws on has the screen's pixels. Chromium tells its size in others where it only plays a
   * screen (as with a phone in its tools), and nothing of what is drawn is seen then.
   */
  #isSharp(): boolean {
    const canvas = this.host.querySelector<HTMLCanvasElement>("canvas:not([class])");
    if (canvas === null) return true;
    return Math.abs(canvas.width - Number.parseFloat(canvas.style.width) * window.devicePixelRatio) < 4;
  }

  dispose(): void {
    this.terminal.dispose();
  }
}
