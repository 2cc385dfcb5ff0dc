import { useState } from "preact/hooks";

import { requests } from "../net/requests";
import type { SessionRow } from "../wire";
import { Button } from "../ui/button";
import { copy } from "../ui/copy";
import { Dialog } from "../ui/dialog";
import { CopyIcon, MoreIcon, StopIcon } from "../ui/icons";
import { Menu } from "../ui/menu";
import { note } from "../ui/notes";
import { plain } from "../ui/plain_text";
import { access } from "./access";
import { messageOf } from "./requested";
import type { Session } from "./session";
import { choose } from "./sessions";
import { works } from "./states";

/** What may be done with a session as a whole. */
export function SessionMenu({ row }: { row: SessionRow }) {
  const [asking, setAsking] = useState(false);
  const over = row.state === "ended";
  const verb = over ? "Remove from the list" : row.terminal ? "End this session" : "Follow it no longer";
  return (
    <>
      <Menu
        name="This session"
        side="right"
        items={[
          { label: "Copy its ID", icon: <CopyIcon />, run: () => void copy(row.session_id, "The session's ID") },
          "line",
          {
            label: verb,
            icon: <StopIcon />,
            run: () => (over || !row.terminal ? void end(row.key) : setAsking(true)),
          },
        ]}
      >
        <MoreIcon />
      </Menu>
      {asking && <EndDialog row={row} onClose={() => setAsking(false)} />}
    </>
  );
}

function EndDialog({ row, onClose }: { row: SessionRow; onClose(): void }) {
  return (
    <Dialog title="End this session?" onClose={onClose}>
      <p>
        <bdi>{plain(row.title) || "New session"}</bdi> ends for everybody who is in it.{" "}
        {works(row) && "What it does now is stopped. "}
        It is saved and can be resumed.
      </p>
      <div class="actions">
        <Button data-autofocus onClick={onClose}>
          Cancel
        </Button>
        <Button
          look="bad"
          onClick={() => {
            onClose();
            void end(row.key);
          }}
        >
          End it
        </Button>
      </div>
    </Dialog>
  );
}

async function end(key: string): Promise<void> {
  try {
    await requests.endSession(key);
  } catch (error) {
    note(messageOf(error), "bad");
  }
}

/** Says that a session is over, and offers to go on with it. */
export function Over({ session }: { session: Session }) {
  const [busy, setBusy] = useState(false);
  const ended = session.conversation.value.ended;
  if (ended === null) return null;
  const { sessionId, greeting } = session.conversation.value;
  const now = access.value;
  const mayStart = now.state === "in" && now.me.session === null && session.may("control");
  const mayResume = mayStart && session.hello.value?.terminal === true && sessionId !== "";
  const resume = async () => {
    setBusy(true);
    try {
      const folder = greeting.cwd === undefined ? {} : { cwd: greeting.cwd };
      const { key } = await requests.startSession({ resume: sessionId, ...folder });
      choose(key);
    } catch (error) {
      note(messageOf(error), "bad");
    }
    setBusy(false);
  };
  return (
    <div class="banner" role="status">
      <span>
        <strong>The session has ended.</strong> {plain(ended.message, 300)}
      </span>
      {mayResume && (
        <Button look="main" disabled={busy} onClick={() => void resume()}>
          {busy ? "Resuming…" : "Resume"}
        </Button>
      )}
    </div>
  );
}
