/** Going back to before a prompt: which one, what would change, and what of it is to be done. */

import { useEffect, useState } from "preact/hooks";
import type { RewindPointsData } from "../../../../../docs/schema/qwen-dual";
import type { Session } from "../app/session";
import { composerOf } from "../composer/composer_state";
import type { RewoundData } from "../conversation/types";
import { visible, visibleLine } from "../requests/visible";
import { ago } from "../ui/ago";
import { announce } from "../ui/announce";
import { Button } from "../ui/button";
import { Dialog } from "../ui/dialog";
import { plain } from "../ui/plain_text";
import { ask } from "./ask";

type What = "both" | "conversation" | "files";
const EXTENTS: readonly [What, string][] = [
  ["both", "Files and conversation"],
  ["conversation", "Conversation only"],
  ["files", "Files only"],
];

export function RewindDialog({ session, onClose }: { session: Session; onClose(): void }) {
  const [points, setPoints] = useState<RewindPointsData | null>(null);
  const [chosen, setChosen] = useState<string | null>(null);
  const [problem, setProblem] = useState("");
  useEffect(() => {
    ask<RewindPointsData>(session, { type: "rewind_points" }, "rewind_points").then(setPoints, (error: Error) =>
      setProblem(error.message),
    );
  }, []);
  return (
    <Dialog title="Go back" wide onClose={onClose}>
      {problem && (
        <p class="refused" role="alert">
          {problem}
        </p>
      )}
      {chosen === null ? (
        <Points points={points} onChoose={setChosen} />
      ) : (
        <Preview
          session={session}
          to={chosen}
          filesToo={!points?.unavailable}
          undo={chosen === points?.undo}
          onBack={() => setChosen(null)}
          onClose={onClose}
        />
      )}
    </Dialog>
  );
}

function Points({ points, onChoose }: { points: RewindPointsData | null; onChoose(uuid: string): void }) {
  if (points === null) return <p class="quiet">Looking …</p>;
  const { undo, unavailable, earlier } = points;
  return (
    <>
      {unavailable && <p class="quiet">Files cannot go back: {visible(unavailable, "prose")}</p>}
      {points.points.length === 0 && !undo && <p class="quiet">Nothing was said yet.</p>}
      <ul class="choose">
        {undo && (
          <li>
            <button type="button" data-autofocus onClick={() => onChoose(undo)}>
              Undo the last time that it went back
            </button>
          </li>
        )}
        {points.points.toReversed().map(({ uuid, text, timestamp, changed }, index) => (
          <li key={uuid}>
            <button type="button" data-autofocus={index === 0 && !undo ? true : undefined} onClick={() => onChoose(uuid)}>
              <span class="text">{visible(text, "prose")}</span>
              <span class="quiet">
                {timestamp !== null && ago(timestamp)}
                {changed > 0 && ` · ${changed} ${changed === 1 ? "file" : "files"}`}
              </span>
            </button>
          </li>
        ))}
      </ul>
      {earlier > 0 && <p class="quiet">{earlier} earlier ones cannot be chosen here.</p>}
    </>
  );
}

interface PreviewProps {
  session: Session;
  to: string;
  filesToo: boolean;
  undo: boolean;
  onBack(): void;
  onClose(): void;
}

function Preview({ session, to, filesToo, undo, onBack, onClose }: PreviewProps) {
  const [what, setWhat] = useState<What>(filesToo ? "both" : "conversation");
  const [would, setWould] = useState<RewoundData | null>(null);
  const [overwrite, setOverwrite] = useState(false);
  const [problem, setProblem] = useState("");
  const [doing, setDoing] = useState(false);
  const parts = { conversation: what !== "files", files: what !== "conversation" };
  useEffect(() => {
    let counts = true;
    setWould(null);
    setProblem("");
    ask<RewoundData>(session, { type: "rewind", to, ...parts, preview: true }, "rewind_preview").then(
      (data) => counts && setWould(data),
      (error: Error) => counts && setProblem(error.message),
    );
    return () => {
      counts = false;
    };
  }, [what]);
  const conflicts = would?.changes.filter((change) => change.conflict) ?? [];
  const go = async (): Promise<void> => {
    setDoing(true);
    const more = conflicts.length ? { overwrite } : {};
    const receipt = await session.send({ type: "rewind", to, ...parts, ...more });
    setDoing(false);
    if (receipt.status === "rejected") {
      setProblem(receipt.message ?? receipt.code ?? "");
      return;
    }
    onClose();
    announce("Went back.");
    const composer = composerOf(session);
    if (parts.conversation && !undo && would?.text && !composer.draft.text) composer.draft.write(would.text);
  };
  return (
    <>
      {!undo && (
        <div class="choices" role="group" aria-label="What goes back">
          {EXTENTS.filter(([name]) => filesToo || name === "conversation").map(([name, words]) => (
            <Button key={name} aria-pressed={what === name} onClick={() => setWhat(name)}>
              {words}
            </Button>
          ))}
        </div>
      )}
      {would !== null && <Changes would={would} files={parts.files} />}
      {would === null && !problem && <p class="quiet">Looking …</p>}
      {conflicts.length > 0 && parts.files && (
        <label class="option">
          <input type="checkbox" checked={overwrite} onChange={(event) => setOverwrite(event.currentTarget.checked)} />
          <span>Overwrite those that somebody else has changed; otherwise they are left alone</span>
        </label>
      )}
      {problem && (
        <p class="refused" role="alert">
          {problem}
        </p>
      )}
      <div class="actions">
        <Button onClick={onBack}>Back</Button>
        <Button look="main" disabled={would === null || doing} onClick={() => void go()}>
          {undo ? "Undo it" : "Go back"}
        </Button>
      </div>
    </>
  );
}

const LETTERS = { add: "A", modify: "M", delete: "D" } as const;
const MEANS = { add: "comes back", modify: "becomes what it was", delete: "goes" } as const;

function Changes({ would, files }: { would: RewoundData; files: boolean }) {
  const { changed, changes, added, removed, left, remarks, prompts, undo } = would;
  return (
    <>
      {would.conversation && (
        <p>
          {undo ? "Comes back: " : "Taken back: "}
          {prompts} {prompts === 1 ? "prompt" : "prompts"}
          {would.text && `, from “${plain(visible(would.text, "prose"), 80)}”`}
        </p>
      )}
      {files && changed === 0 && <p class="quiet">No file changes.</p>}
      {files && changed > 0 && (
        <>
          <p>
            {changed} {changed === 1 ? "file" : "files"}, <Lines added={added} removed={removed} />
          </p>
          <ul class="changed" aria-label="Files that change">
            {changes.map((change) => (
              <li key={change.path}>
                <abbr title={MEANS[change.change]}>{LETTERS[change.change]}</abbr>
                <code>{visibleLine(change.path)}</code>
                <Lines added={change.added} removed={change.removed} />
                {[change.note, change.conflict, change.blocked].filter(Boolean).map((words) => (
                  <span class="why">{visible(words ?? "", "prose")}</span>
                ))}
              </li>
            ))}
          </ul>
          {changed > changes.length && <p class="quiet">and {changed - changes.length} more</p>}
        </>
      )}
      {files &&
        left.map(({ path, why }) => (
          <p class="quiet" key={path}>
            Left alone: <code>{visibleLine(path)}</code> ({visible(why, "prose")})
          </p>
        ))}
      {remarks.map((remark) => (
        <p class="quiet" key={remark}>
          {visible(remark, "prose")}
        </p>
      ))}
    </>
  );
}

function Lines({ added, removed }: { added: number; removed: number }) {
  return (
    <span class="lines">
      <span class="added">+{added}</span> <span class="removed">−{removed}</span>
    </span>
  );
}
