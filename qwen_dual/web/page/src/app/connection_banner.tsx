import { useEffect, useState } from "preact/hooks";

import type { ConnectionState } from "../net/connection";
import { Button } from "../ui/button";

/** How long a connection may be away before it is worth a word. */
const PATIENCE_MS = 1500;

/** Says in plain words that what is shown may be old, for as long as it is. */
export function ConnectionBanner({ state, retry }: { state: ConnectionState; retry(): void }) {
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
        <strong>Connection lost.</strong> What you see may be old. The page goes on trying to come back.
      </span>
      <Button onClick={retry}>Try now</Button>
    </div>
  );
}
