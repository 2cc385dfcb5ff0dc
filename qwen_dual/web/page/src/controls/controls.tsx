/** What can be done with a session beside saying something: only what its program and this link allow. */

import { type Signal, signal } from "@preact/signals";
import type { Session } from "../app/session";
import { tellRefusal } from "../composer/composer_state";
import { MoreIcon } from "../ui/icons";
import { Menu, type MenuItem } from "../ui/menu";
import { note } from "../ui/notes";
import { ModeChoice, ModelChoice } from "./choices";
import { type Form, formsOf, save } from "./export";
import { McpDialog } from "./mcp_dialog";
import { ResumeDialog } from "./resume_dialog";
import { RewindDialog } from "./rewind_dialog";
import "./controls.css";

const FORMS: Readonly<Record<Form, string>> = { md: "Markdown", html: "a web page", json: "JSON" };

const byTouch = window.matchMedia("(pointer: coarse) and (hover: none)");

type Opened = "rewind" | "resume" | "mcp" | null;
const opened = signal<{ key: string; what: Opened }>({ key: "", what: null });

export function Controls({ session, choosing }: { session: Session; choosing: Signal<boolean> }) {
  return (
    <div class="controls">
      <ModeChoice session={session} />
      <ModelChoice session={session} choosing={choosing} />
      <Menu name="More for this session" items={itemsFor(session)}>
        <MoreIcon />
      </Menu>
      <OpenedDialog session={session} />
    </div>
  );
}

function OpenedDialog({ session }: { session: Session }) {
  const { key, what } = opened.value;
  if (key !== session.key) return null;
  const close = (): void => {
    opened.value = { key: "", what: null };
  };
  if (what === "rewind") return <RewindDialog session={session} onClose={close} />;
  if (what === "resume") return <ResumeDialog session={session} onClose={close} />;
  return what === "mcp" ? <McpDialog session={session} onClose={close} /> : null;
}

function itemsFor(session: Session): (MenuItem | "line")[] {
  const conversation = session.conversation.value;
  const runs = conversation.ended === null;
  const can = (command: string): boolean => runs && session.may("control") && session.supports(command);
  const idle = conversation.state === "idle";
  const open = (what: Opened) => () => {
    opened.value = { key: session.key, what };
  };
  const items: (MenuItem | "line")[] = [
    { label: "Search the chat", detail: byTouch.matches ? "" : "Ctrl+F", run: () => (session.places.searching.value = true) },
    "line",
  ];
  if (can("rewind")) items.push({ label: "Go back …", run: open("rewind") });
  if (can("clear")) {
    items.push({
      label: "New conversation",
      disabled: !idle,
      run: () => void session.send({ type: "clear" }).then(tellRefusal),
    });
  }
  if (can("resume")) items.push({ label: "Go on with an earlier one …", disabled: !idle, run: open("resume") });
  // A program that clears by a command has the slash command for this, too; it has no command of its own.
  if (can("clear")) {
    items.push({
      label: "Summarize what was said",
      disabled: !idle || conversation.entries.length === 0,
      run: () => void session.send({ type: "submit", text: "/compress" }).then(tellRefusal),
    });
  }
  if (runs && session.supports("mcp_status")) items.push({ label: "MCP servers", run: open("mcp") });
  if (items.at(-1) !== "line") items.push("line");
  for (const form of formsOf(session)) {
    items.push({
      label: `Save as ${FORMS[form]}`,
      disabled: conversation.entries.length === 0,
      run: () => void save(session, form).catch((error: Error) => note(error.message, "bad")),
    });
  }
  return items;
}
