/** What is neither said nor done by anybody: notices, changes, ends, and where something is missing. */

import type {
  ChangeEntry,
  CompactEntry,
  EndEntry,
  GapEntry,
  NoticeEntry,
  RewoundEntry,
} from "../conversation/types";
import { Button } from "../ui/button";
import { untold } from "./earlier";
import { LineButton, sayer } from "./said";
import { Exact, Fold, line, words } from "./shown";
import { elapsed, short } from "./tools";
import { useFold, useView } from "./view";

export function Notice({ entry }: { entry: NoticeEntry }) {
  return (
    <div class={`notice is-${entry.level}`}>
      <div class="notice-text">{words(entry.text)}</div>
      <span class="row-tools">
        <LineButton seq={entry.seq} />
      </span>
    </div>
  );
}

const CHANGED = { mode: "Mode", model: "Model", session: "Session" } as const;

export function Change({ entry }: { entry: ChangeEntry }) {
  const conversation = useView().conversation.value;
  const who = sayer(entry.by);
  const by = who === "" ? "" : entry.by.origin === "keyboard" ? ", in the terminal" : `, by ${who}`;
  return (
    <p class="mark">
      {entry.what !== "session"
        ? `${CHANGED[entry.what]}: ${words(entry.to)}${by}`
        : conversation.rewindPoints !== null && untold(conversation) === 0
          ? `New conversation${by}`
          : `Another conversation${by}: what was said in it earlier, if anything, is in the terminal`}
    </p>
  );
}

const REASONS: Readonly<Record<string, string>> = {
  interrupted: "Interrupted",
  denied: "Ended: what was asked for was not allowed",
  max_turns: "Ended: no more model calls in this session",
  max_tokens: "The answer was cut off at its limit",
  loop: "Ended: the model made the same call again and again",
  budget: "Ended: the bound of this run was reached",
};

export function End({ entry }: { entry: EndEntry }) {
  const told = [
    entry.durationMs === null || entry.durationMs < 1_000 ? "" : elapsed(entry.durationMs),
    entry.inputTokens + entry.outputTokens > 0 ? `${short(entry.inputTokens)} in, ${short(entry.outputTokens)} out` : "",
    entry.costSoFar === null ? "" : `$${entry.costSoFar.toFixed(entry.costSoFar < 1 ? 4 : 2)} so far`,
  ].filter(Boolean);
  if (entry.error) return <Failure entry={entry} />;
  const reason = REASONS[entry.reason];
  if (!reason && told.length === 0) return null;
  return (
    <p class={`mark ${reason ? "is-telling" : ""}`}>
      {reason && <span>{reason}</span>}
      <span class="quiet">{told.join(" · ")}</span>
    </p>
  );
}

function Failure({ entry }: { entry: EndEntry }) {
  const error = entry.error;
  if (!error) return null;
  return (
    <div class="notice is-error">
      <div class="notice-text">
        {error.status !== null && <span class="status">{error.status} </span>}
        {words(error.message)}
      </div>
      <Remedies entry={entry} remedy={error.remedy ?? null} />
    </div>
  );
}

/** What helps against a failure, as long as it is the last that happened. */
function Remedies({ entry, remedy }: { entry: EndEntry; remedy: string | null }) {
  const { actions, conversation } = useView();
  const last = conversation.value.entries.findLast((one) => one.kind === "end" || one.kind === "prompt");
  if (last !== entry || entry.calls === 0) return null;
  const { command, clear, chooseModel } = actions;
  const model = remedy === "retry_or_change_model" || remedy === "change_model" || remedy === "new_session";
  return (
    <div class="remedies">
      {command && <Button onClick={() => command("/retry")}>Try again</Button>}
      {command && remedy === "compress" && <Button onClick={() => command("/compress")}>Shorten the conversation</Button>}
      {chooseModel && model && <Button onClick={chooseModel}>Another model</Button>}
      {clear && (remedy === "compress" || remedy === "new_session" || remedy === "rephrase") && (
        <Button onClick={clear}>New conversation</Button>
      )}
      {remedy === "connect" && <span class="quiet">Connect the service again with /auth in the terminal.</span>}
    </div>
  );
}

export function Compact({ entry }: { entry: CompactEntry }) {
  const [open, toggle] = useFold(`compact-${entry.key}`);
  const title = (
    <span class="quiet">
      Conversation compacted: {short(entry.before)} → {short(entry.after)} tokens
    </span>
  );
  if (entry.summary === "") return <p class="mark">{title}</p>;
  return (
    <Fold open={open} onToggle={toggle} title={title}>
      <div class="folded-text">{words(entry.summary)}</div>
    </Fold>
  );
}

export function Rewound({ entry }: { entry: RewoundEntry }) {
  const [open, toggle] = useFold(`rewound-${entry.key}`);
  const { data } = entry;
  const prompts = data.prompts ?? 0;
  const changes = data.changes ?? [];
  const what = [
    data.conversation && `${prompts} ${prompts === 1 ? "prompt" : "prompts"} ${data.undo ? "brought back" : "taken back"}`,
    (data.changed ?? 0) > 0 && `${data.changed} ${data.changed === 1 ? "file" : "files"} changed`,
  ].filter(Boolean);
  const title = (
    <span class="quiet">
      {data.undo ? "Going back was undone" : `Went back to before “${line(data.text ?? "", 60)}”`}
      {what.length > 0 && `: ${what.join(", ")}`}
    </span>
  );
  if (changes.length === 0) return <p class="mark">{title}</p>;
  return (
    <Fold open={open} onToggle={toggle} title={title}>
      <ul class="changes">
        {changes.map((change, index) => (
          <li key={index}>
            <Exact text={change.path ?? ""} /> <span class="added">+{change.added ?? 0}</span>{" "}
            <span class="removed">−{change.removed ?? 0}</span> {words(change.note ?? "")}
          </li>
        ))}
      </ul>
    </Fold>
  );
}

export function Gap({ entry }: { entry: GapEntry }) {
  return (
    <div class="notice is-warning" role="note">
      {entry.count === 1 ? "One event is" : `${entry.count.toLocaleString()} events are`} missing here: nobody has{" "}
      {entry.count === 1 ? "it" : "them"} any more. The terminal shows what they brought.
    </div>
  );
}
