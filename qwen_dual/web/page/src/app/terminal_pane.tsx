import type { Session } from "./session";

/** The terminal's side. */
export function TerminalPane({ session }: { session: Session }) {
  return (
    <section
      class="terminal-pane"
      data-pane="terminal"
      tabIndex={-1}
      aria-label="Terminal"
      aria-busy={session.hello.value === null}
    />
  );
}
