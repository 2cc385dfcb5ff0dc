import "@xterm/xterm/css/xterm.css";
import "./terminal.css";

import { useEffect, useRef, useState } from "preact/hooks";

import { terminalSize } from "../app/preferences";
import type { Session } from "../app/session";
import { useShortcuts } from "../app/shortcuts";
import { IconButton } from "../ui/button";
import { MoreIcon, SearchIcon } from "../ui/icons";
import { Menu } from "../ui/menu";
import { save } from "../ui/save";
import { LinkDialog } from "./link_dialog";
import { LiveTerminal } from "./live_terminal";
import { SearchBox } from "./search_box";
import { TouchKeys } from "./touch_keys";

declare global {
  interface Window {
    /** For tests: what the terminal shows, to be read only. */
    qwenDual?: Readonly<{ serialize(): string; text(): string }>;
  }
}

/** A session's terminal with its tools. */
export function TerminalView({ session }: { session: Session }) {
  const host = useRef<HTMLDivElement>(null);
  const [terminal, setTerminal] = useState<LiveTerminal | null>(null);
  useEffect(() => {
    const made = new LiveTerminal(host.current!, session);
    setTerminal(made);
    window.qwenDual = Object.freeze({
      serialize: () => made.emulator.serialize(),
      text: () => made.emulator.text(),
    });
    return () => {
      delete window.qwenDual;
      made.dispose();
    };
  }, [session]);
  const [searching, setSearching] = useState(false);
  useTerminalShortcuts(terminal, () => setSearching(true));
  const closeSearch = () => {
    setSearching(false);
    terminal?.focus();
  };
  return (
    <>
      {terminal !== null && <Tools terminal={terminal} onSearch={() => setSearching(true)} />}
      {terminal !== null && searching && <SearchBox search={terminal.emulator.search} onClose={closeSearch} />}
      <div
        class={`terminal-box ${terminal?.foreignSize.value != null ? "foreign" : ""}`}
        ref={host}
        onFocusIn={() => terminal?.use()}
        onPasteCapture={(event) => {
          const text = event.clipboardData?.getData("text/plain") ?? "";
          event.preventDefault();
          event.stopPropagation();
          if (terminal !== null && text !== "") terminal.paste(text);
        }}
        onPointerDownCapture={(event) => {
          terminal?.use();
          if (!event.altKey || event.button !== 0) return;
          if (terminal?.showMessageAt(terminal.emulator.lineAt(event.clientY))) {
            event.preventDefault();
            event.stopPropagation();
          }
        }}
        onMouseDownCapture={(event) => {
          // Of the same click: it neither selects nor reaches the program.
          if (event.altKey) event.stopPropagation();
        }}
      />
      {terminal !== null && session.may("control") && <TouchKeys terminal={terminal} />}
      <LinkDialog />
    </>
  );
}

function Tools({ terminal, onSearch }: { terminal: LiveTerminal; onSearch(): void }) {
  const size = terminal.foreignSize.value;
  const state = terminal.connection.state.value;
  const over = terminal.over.value;
  return (
    <div class="terminal-tools">
      <span class="title">
        <bdi>{terminal.title}</bdi>
      </span>
      {over !== null ? (
        <span class="said bad">{over}</span>
      ) : (
        state !== "open" && <span class="said">{state === "closed" ? "there is no terminal" : "connecting…"}</span>
      )}
      {terminal.lost.value && <span class="said">earlier output is gone</span>}
      {size !== null && (
        <span class="said" title="Its size is that of the page that was used last. Use this one, and it has this one's.">
          {size.columns}×{size.rows}, another page's size
        </span>
      )}
      <IconButton name="Search the terminal" keys="Ctrl+Shift+F" onClick={onSearch}>
        <SearchIcon />
      </IconButton>
      <Menu
        name="Terminal"
        side="right"
        items={[
          { label: "Larger letters", run: () => (terminalSize.value = Math.min(28, terminalSize.peek() + 1)) },
          { label: "Smaller letters", run: () => (terminalSize.value = Math.max(8, terminalSize.peek() - 1)) },
          "line",
          { label: "Save as text", run: () => save(terminal.emulator.text(), "terminal.txt") },
        ]}
      >
        <MoreIcon />
      </Menu>
    </div>
  );
}

function useTerminalShortcuts(terminal: LiveTerminal | null, search: () => void): void {
  useShortcuts(() => {
    if (terminal === null) return [];
    const message = () => terminal.showMessageAt(terminal.meantLine());
    const copySelection = () => {
      const selected = terminal.emulator.terminal.getSelection();
      if (selected === "") return false;
      void navigator.clipboard?.writeText(selected);
      return true;
    };
    const group = "Terminal" as const;
    return [
      { keys: "Ctrl+Shift+KeyF", label: "Search the terminal", group, everywhere: true, run: search },
      { keys: "Ctrl+Shift+KeyM", label: "From the selected line to its message (Alt+click too)", group, everywhere: true, run: message },
      { keys: "Ctrl+Shift+KeyC", label: "Copy what is selected", group, everywhere: true, run: copySelection },
      // The browser's own; Ctrl+V is a key of the program.
      { keys: "Ctrl+Shift+KeyV", label: "Paste", group },
      { keys: "Ctrl+Backquote", label: "Into the terminal", group, everywhere: true, run: () => terminal.focus() },
    ];
  }, [terminal]);
}
