import { useEffect, useState } from "preact/hooks";

import type { ConnectionState } from "../net/connection";
import { CLOSED } from "../wire";
import { Button } from "../ui/button";

/** How long a connection may be away before it is worth a word. */
const PATIENCE_MS = 1500;

const REASONS: Readonly<Record<number, string>> = {
  [CLOSED.flood]: "This page has sent too much at once.",
  [CLOSED.crowded]: "As many pages are open as the server allows.",
};

/** Says in plain words that what is shown may be old, for as long as it is. */
export function ConnectionBanner({ state, brokenBy, retry }: { state: ConnectionState; brokenBy: number; retry(): void }) {
  const [late, setLate] = useState(false);
  const away = state === "waiting" || state === "connecting";
  useEffect(() => {
    setLate(false);
    if (!away) return;
    const timer = setTimeout(() => setLate(true), PATIENCE_MS);
    return () => clearTimeout(timer);
  }, [away]);
  if (!away || !late) return null;
  return (
    <div class="banner" role="status">
      <span>
        <strong>Connection lost.</strong> {REASONS[brokenBy] ?? "What you see may be old."} The page goes on trying to come
        back.
      </span>
      <Button onClick={retry}>Try now</Button>
    </div>
  );
}
