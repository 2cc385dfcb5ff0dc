import { useEffect, useState } from "preact/hooks";

import type { Me } from "../wire";
import { Button, IconButton } from "../ui/button";
import { SidebarIcon } from "../ui/icons";
import { followAttention } from "./attention";
import { ConnectionBanner } from "./connection_banner";
import { MoreMenu } from "./more_menu";
import { narrow } from "./narrow";
import { type OpenDialog, Dialogs } from "./dialogs";
import { sidebar, view } from "./preferences";
import { closeSessions } from "./session";
import { SessionView } from "./session_view";
import { chosen, connection, followSessions, rows, step } from "./sessions";
import { SessionsList } from "./sessions_list";
import { listenForShortcuts, type Shortcut, useShortcuts } from "./shortcuts";

/** The whole page of who is let in: the sessions at the left, the one that is looked at, and dialogs. */
export function Frame({ me }: { me: Me }) {
  const [drawer, setDrawer] = useState(false);
  const [dialog, setDialog] = useState<OpenDialog | null>(null);
  const controls = me.rights.includes("control") && me.session === null;
  useEffect(() => followSessions(me.session), [me.session]);
  useEffect(() => followAttention(), []);
  useEffect(() => listenForShortcuts(), []);
  useEffect(() => closeSessions, []);
  const toggle = () => {
    if (narrow.peek()) setDrawer((open) => !open);
    else sidebar.value = sidebar.peek() === "open" ? "closed" : "open";
  };
  const openDialog = (which: OpenDialog) => {
    setDrawer(false);
    setDialog(which);
  };
  useShortcuts(() => pageShortcuts(toggle, openDialog, controls), [controls]);
  const open = narrow.value ? drawer : sidebar.value === "open";
  return (
    <div class={`frame ${open ? "with-sidebar" : ""}`}>
      {narrow.value && open && <div class="shade" onClick={() => setDrawer(false)} />}
      <aside class="sidebar" hidden={!open} aria-label="Sessions and settings">
        <SessionsList onNew={controls ? () => openDialog("new") : null} onChosen={() => setDrawer(false)} />
        <MoreMenu me={me} open={openDialog} onClose={toggle} />
      </aside>
      {chosen.value === null ? (
        <Nothing onSidebar={toggle} onNew={controls ? () => openDialog("new") : null} />
      ) : (
        <SessionView sessionKey={chosen.value} onSidebar={toggle} />
      )}
      {dialog !== null && <Dialogs which={dialog} me={me} onClose={() => setDialog(null)} />}
    </div>
  );
}

function Nothing({ onSidebar, onNew }: { onSidebar(): void; onNew: (() => void) | null }) {
  const made = connection.value;
  return (
    <main class="session-view">
      <header class="head">
        <IconButton name="Sessions" keys="Ctrl+Shift+S" onClick={onSidebar}>
          <SidebarIcon />
        </IconButton>
        <h1>qwen-dual</h1>
      </header>
      {made !== null && <ConnectionBanner state={made.state.value} brokenBy={made.brokenBy.value} retry={() => made.retry()} />}
      {rows.value === null ? (
        <p class="empty">Loading…</p>
      ) : (
        <div class="empty nothing">
          <p>{rows.value.length === 0 ? "No session is open." : "No session is chosen."}</p>
          {onNew !== null && (
            <Button look="main" onClick={onNew}>
              Open a session
            </Button>
          )}
        </div>
      )}
    </main>
  );
}

function pageShortcuts(
  toggle: () => void,
  open: (dialog: OpenDialog) => void,
  controls: boolean,
): readonly Shortcut[] {
  const show = (name: "chat" | "split" | "terminal") => () => void (view.value = name);
  return [
    { keys: "?", label: "Keyboard shortcuts", group: "Page", run: () => open("shortcuts") },
    { keys: "F1", label: "Keyboard shortcuts, also while typing", group: "Page", everywhere: true, run: () => open("shortcuts") },
    { keys: "Ctrl+Shift+KeyS", label: "Show or hide the sessions", group: "Page", everywhere: true, run: toggle },
    { keys: "Ctrl+Shift+Digit1", label: "The chat alone", group: "Page", everywhere: true, run: show("chat") },
    { keys: "Ctrl+Shift+Digit2", label: "Chat and terminal", group: "Page", everywhere: true, run: show("split") },
    { keys: "Ctrl+Shift+Digit3", label: "The terminal alone", group: "Page", everywhere: true, run: show("terminal") },
    { keys: "F6", label: "To the next part of the page, out of the terminal too", group: "Page", everywhere: true, run: () => nextPart(1) },
    { keys: "Shift+F6", label: "To the part before", group: "Page", everywhere: true, run: () => nextPart(-1) },
    { keys: "Alt+Shift+ArrowDown", label: "The next session", group: "Sessions", everywhere: true, run: () => step(1) },
    { keys: "Alt+Shift+ArrowUp", label: "The session before", group: "Sessions", everywhere: true, run: () => step(-1) },
    ...(controls
      ? [{ keys: "Ctrl+Shift+KeyO", label: "New session", group: "Sessions", everywhere: true, run: () => open("new") } as const]
      : []),
  ];
}

/** Moves the focus between the sessions, the chat and the terminal. */
function nextPart(by: 1 | -1): void {
  const parts = [...document.querySelectorAll<HTMLElement>(".sidebar:not([hidden]), [data-pane]")];
  const at = parts.findIndex((part) => part.contains(document.activeElement));
  const next = parts[(at + by + parts.length) % parts.length];
  const inside = ["[data-part-focus]", "textarea", "[aria-current]", "a", "button"]
    .map((selector) => next?.querySelector<HTMLElement>(selector))
    .find((element) => element != null);
  (inside ?? next)?.focus();
}
