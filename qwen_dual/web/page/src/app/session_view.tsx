import { effect } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";

import type { SessionRow } from "../wire";
import { IconButton } from "../ui/button";
import { ChatIcon, SidebarIcon, SplitIcon, TerminalIcon } from "../ui/icons";
import { plain } from "../ui/plain_text";
import { ChatPane } from "./chat_pane";
import { ConnectionBanner } from "./connection_banner";
import { narrow } from "./narrow";
import { type View, view } from "./preferences";
import { openSession, type Session } from "./session";
import { rows } from "./sessions";
import { Over, SessionMenu } from "./session_end";
import { Split } from "./split";
import { shortPath, stateOf } from "./states";
import { TerminalPane } from "./terminal_pane";

/** One session: its head, and its chat, its terminal, or both. */
export function SessionView({ sessionKey, onSidebar }: { sessionKey: string; onSidebar(): void }) {
  const session = openSession(sessionKey, rows.value?.some((row) => row.key === sessionKey) ?? false);
  const shown = shownView(session);
  useWishes(session, shown);
  return (
    <main class="session-view" data-session={sessionKey} data-view={shown}>
      <Head session={session} shown={shown} onSidebar={onSidebar} />
      <ConnectionBanner
        state={session.connection.value}
        brokenBy={session.brokenBy.value}
        retry={() => session.retry()}
      />
      <Over session={session} />
      <Panes key={sessionKey} session={session} shown={shown} />
    </main>
  );
}

/** Whether a session has a terminal here; the server says so in two places, of which one is known first. */
function hasTerminal(session: Session): boolean {
  return session.hello.value?.terminal ?? rows.value?.find((row) => row.key === session.key)?.terminal ?? true;
}

/** What of the session there is room for, and is there at all. */
export function shownView(session: Session): View {
  if (!hasTerminal(session)) return "chat";
  if (view.value === "split" && narrow.value) return "chat";
  return view.value;
}

/** Has the pane appear that is to show a line or a message. */
function useWishes(session: Session, shown: View): void {
  const { wantedLine, wantedMessage } = session.places;
  useEffect(
    () =>
      effect(() => {
        const both = narrow.peek() ? null : "split";
        if (wantedLine.value !== null && shownView(session) === "chat") view.value = both ?? "terminal";
        if (wantedMessage.value !== null && shownView(session) === "terminal") view.value = both ?? "chat";
      }),
    [session],
  );
  useEffect(() => {
    // What was wished for before a pane went away is not wished for when it comes back.
    if (shown === "terminal") wantedMessage.value = null;
    if (shown === "chat") wantedLine.value = null;
  }, [session, shown]);
}

function Panes({ session, shown }: { session: Session; shown: View }) {
  if (session.gone.value) return <p class="empty">There is no such session any more.</p>;
  if (shown === "chat") return <ChatPane session={session} />;
  if (shown === "terminal") return <TerminalPane session={session} />;
  return <Split left={<ChatPane session={session} />} right={<TerminalPane session={session} />} />;
}

const VIEWS: [View, string, () => preact.JSX.Element, string][] = [
  ["chat", "Chat", ChatIcon, "Ctrl+Shift+1"],
  ["split", "Both", SplitIcon, "Ctrl+Shift+2"],
  ["terminal", "Terminal", TerminalIcon, "Ctrl+Shift+3"],
];

function Head({ session, shown, onSidebar }: { session: Session; shown: View; onSidebar(): void }) {
  const last = useRef<SessionRow | undefined>(undefined);
  const listed = rows.value?.find((one) => one.key === session.key);
  last.current = listed ?? (last.current?.key === session.key ? { ...last.current, state: "ended" } : undefined);
  const row = last.current;
  const state = row === undefined ? null : stateOf(row);
  return (
    <header class="head">
      <IconButton name="Sessions" keys="Ctrl+Shift+S" onClick={onSidebar}>
        <SidebarIcon />
      </IconButton>
      <h1 title={row === undefined ? undefined : plain(row.cwd, 300)}>
        <bdi>{row === undefined ? "" : plain(row.title) || "New session"}</bdi>
        {row !== undefined && <bdi class="folder"> {plain(shortPath(row.cwd, 1))}</bdi>}
      </h1>
      {state !== null && (
        <span class={`state ${state.tone}`} title={state.words}>
          <span class="words">{state.words}</span>
        </span>
      )}
      {row !== undefined && row.clients > 1 && (
        <span class="here" title={`${row.clients} pages show this session now`}>
          {row.clients} here
        </span>
      )}
      {listed !== undefined && session.may("control") && <SessionMenu key={listed.key} row={listed} />}
      {hasTerminal(session) && (
        <div class="choices" role="group" aria-label="What is shown">
          {VIEWS.filter(([name]) => name !== "split" || !narrow.value).map(([name, words, Icon, keys]) => (
            <IconButton key={name} name={words} keys={keys} aria-pressed={shown === name} onClick={() => (view.value = name)}>
              <Icon />
            </IconButton>
          ))}
        </div>
      )}
    </header>
  );
}
