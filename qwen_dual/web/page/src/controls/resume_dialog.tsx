import { useEffect, useState } from "preact/hooks";
import type { SavedSessionsData } from "../../../../../docs/schema/qwen-dual";
import type { Session } from "../app/session";
import { visible } from "../requests/visible";
import { ago } from "../ui/ago";
import { Button } from "../ui/button";
import { Dialog } from "../ui/dialog";
import { ask } from "./ask";

/** Goes on with a saved session of the folder, in the place of this one. */
export function ResumeDialog({ session, onClose }: { session: Session; onClose(): void }) {
  const [saved, setSaved] = useState<SavedSessionsData | null>(null);
  const [problem, setProblem] = useState("");
  const look = (before?: number): void => {
    const command = { type: "list_sessions", limit: 50, ...(before === undefined ? {} : { before }) };
    ask<SavedSessionsData>(session, command, "sessions").then(
      (data) => setSaved({ ...data, sessions: [...(before === undefined ? [] : (saved?.sessions ?? [])), ...data.sessions] }),
      (error: Error) => setProblem(error.message),
    );
  };
  useEffect(() => look(), []);
  const choose = async (id: string): Promise<void> => {
    const receipt = await session.send({ type: "resume", session_id: id });
    if (receipt.status === "rejected") setProblem(receipt.message ?? receipt.code ?? "");
    else onClose();
  };
  const own = session.conversation.value.sessionId;
  const others = saved?.sessions.filter((one) => one.session_id !== own) ?? [];
  return (
    <Dialog title="Go on with an earlier conversation" wide onClose={onClose}>
      {problem && (
        <p class="refused" role="alert">
          {problem}
        </p>
      )}
      {saved === null && !problem && <p class="quiet">Looking …</p>}
      {saved !== null && others.length === 0 && <p class="quiet">There is no other in this folder.</p>}
      <ul class="choose">
        {others.map(({ session_id, title, updated_at, prompts, running }, index) => (
          <li key={session_id}>
            <button
              type="button"
              data-autofocus={index === 0 ? true : undefined}
              disabled={running}
              onClick={() => void choose(session_id)}
            >
              <span class="text">{visible(title, "prose") || "(nothing was said)"}</span>
              <span class="quiet">
                {ago(updated_at)} · {prompts} {prompts === 1 ? "prompt" : "prompts"}
                {running && " · runs elsewhere"}
              </span>
            </button>
          </li>
        ))}
      </ul>
      {saved?.more && <Button onClick={() => look(saved.sessions.at(-1)?.updated_at)}>Earlier ones</Button>}
    </Dialog>
  );
}
