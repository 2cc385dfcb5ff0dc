import type { FunctionComponent } from "preact";
import { useEffect, useState } from "preact/hooks";

import { Button } from "../ui/button";
import type { Session } from "./session";

type View = FunctionComponent<{ session: Session }>;

/** The emulator is a third of the page's weight, which who only chats never loads. */
const load = () => import("../terminal/terminal_view").then((loaded) => loaded.TerminalView);

let loaded: View | null = null;

/** Begins to load the emulator, before anybody knows which session it is for. */
export function preloadTerminal(): void {
  void load().then(
    (view) => (loaded = view),
    () => undefined,
  );
}

/** The terminal's side. */
export function TerminalPane({ session }: { session: Session }) {
  const [View, setView] = useState<View | null>(() => loaded);
  const [failed, setFailed] = useState(false);
  useEffect(() => {
    if (View !== null) return;
    load().then(
      (view) => {
        loaded = view;
        setView(() => view);
      },
      () => setFailed(true),
    );
  }, []);
  return (
    <section class="terminal-pane" data-pane="terminal" tabIndex={-1} aria-label="Terminal; F6 leaves it">
      {failed && (
        <p class="empty" role="alert">
          The terminal could not be loaded. <Button onClick={() => location.reload()}>Load the page again</Button>
        </p>
      )}
      {View === null ? !failed && <p class="empty">Loading…</p> : <View session={session} />}
    </section>
  );
}
