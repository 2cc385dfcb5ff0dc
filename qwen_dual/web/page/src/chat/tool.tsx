/** Tool calls as cards: folded to a line and what says most of what came of them. */

import type { ToolEntry } from "../conversation/types";
import { Counts, Diff } from "./diff";
import { AgentLane } from "./lane";
import { withoutSequences } from "./ansi";
import { Markdown } from "./markdown/markdown";
import { Output, some } from "./output";
import { LineButton, Pictures, sayer } from "./said";
import { Exact, words } from "./shown";
import { Todos } from "./todos";
import { notes, telling, wordsOf } from "./tools";
import { useFold } from "./view";

const SHOWN_LINES = 8;
const SHOWN_ERROR_LINES = 6;
const SHOWN_DIFF_LINES = 24;

const STATES: Readonly<Record<ToolEntry["state"], string>> = {
  writing: "is being written",
  waiting: "waits",
  asking: "asks for leave",
  running: "runs",
  done: "done",
  failed: "failed",
  denied: "not allowed",
  dropped: "no result",
};

export function Tool({ entry }: { entry: ToolEntry }) {
  const [open, toggle] = useFold(`tool-${entry.key}`);
  const known = wordsOf(entry.name);
  const busy = entry.state === "running" || entry.state === "writing";
  const what = entry.about && busy ? entry.about : telling(entry);
  const files = entry.preview?.files;
  return (
    <div class={`tool is-${entry.state}`}>
      <div class="tool-head">
        <button type="button" class="tool-title" aria-expanded={open} onClick={toggle}>
          <span class={`dot is-${entry.state}`} aria-hidden="true" />
          <span class="tool-word">{words(known.word)}</span>
          <span class="tool-what">
            <Exact text={oneLine(what)} />
          </span>
          <span class="unseen">, {STATES[entry.state]}</span>
        </button>
        <span class="tool-notes quiet">
          {entry.state === "writing" && entry.argumentChars > 0 && (
            <span>{entry.argumentChars.toLocaleString()} characters</span>
          )}
          {files?.map((file, index) => (
            <Counts key={index} added={file.added} removed={file.removed} />
          ))}
          {entry.state !== "done" && entry.state !== "writing" && <span class="state-word">{STATES[entry.state]}</span>}
          {notes(entry).map((note) => (
            <span key={note}>{words(note)}</span>
          ))}
        </span>
        <span class="row-tools">
          <LineButton seq={entry.seq} />
        </span>
      </div>
      <Answered entry={entry} />
      <Body entry={entry} open={open} toggle={toggle} />
    </div>
  );
}

function oneLine(text: string): string {
  const [first = "", ...more] = text.split("\n", 3);
  return more.length > 0 ? `${first.slice(0, 300)} …` : first.slice(0, 300);
}

/** Who was asked, and what they said, where that is not the person at this session's keyboard. */
function Answered({ entry }: { entry: ToolEntry }) {
  const { asked } = entry;
  if (asked === null || asked.allowed === null) return null;
  const who = sayer(asked.by);
  if (asked.allowed && (asked.by.origin === "keyboard" || who === "")) return null;
  return (
    <p class="tool-answer quiet">
      {asked.allowed ? "Allowed" : "Not allowed"}
      {who !== "" && ` by ${asked.by.origin === "keyboard" ? "the terminal" : who}`}
      {asked.reason !== "" && `: ${words(asked.reason)}`}
    </p>
  );
}

function Body({ entry, open, toggle }: { entry: ToolEntry; open: boolean; toggle(): void }) {
  if (entry.todos && entry.state !== "failed") return <Todos items={entry.todos} />;
  const plan = entry.name === "exit_plan_mode" ? entry.input?.["plan"] : null;
  if (typeof plan === "string" && entry.state !== "failed") return <Plan text={plan} open={open} toggle={toggle} />;
  return (
    <>
      {open && <Arguments entry={entry} />}
      {entry.agent && <AgentLane entry={entry} />}
      {entry.preview?.files && entry.state !== "denied" ? (
        <Diff files={entry.preview.files} {...(open ? {} : { most: SHOWN_DIFF_LINES })} onMore={toggle} />
      ) : (
        entry.preview?.kind === "diff" && open && <Output text={entry.preview.text} />
      )}
      {entry.output !== "" && <Output text={some(entry.output, open ? 400 : SHOWN_LINES, "end").shown} />}
      <Result entry={entry} open={open} toggle={toggle} />
      {entry.result && <Pictures pictures={entry.result.images} />}
    </>
  );
}

/** A plan that was proposed, as it is meant to be read; its request shows it letter by letter. */
function Plan({ text, open, toggle }: { text: string; open: boolean; toggle(): void }) {
  const { shown, left } = open ? { shown: text, left: 0 } : some(text, SHOWN_DIFF_LINES, "begin");
  return (
    <div class="tool-plan">
      <Markdown source={shown} prefix="" />
      {left > 0 && (
        <button type="button" class="link" onClick={toggle}>
          {left.toLocaleString()} more {left === 1 ? "line" : "lines"}
        </button>
      )}
    </div>
  );
}

/** The arguments as they came: all of them, with what hides in them. */
function Arguments({ entry }: { entry: ToolEntry }) {
  const input = Object.entries(entry.input ?? {});
  const shownElsewhere = entry.preview?.files ? new Set(["content", "old_string", "new_string"]) : new Set<string>();
  const rows = input.filter(([name]) => !shownElsewhere.has(name));
  if (rows.length === 0) return null;
  return (
    <dl class="arguments">
      {rows.map(([name, value]) => (
        <div key={name}>
          <dt>
            <Exact text={name} />
          </dt>
          <dd>
            <Exact text={typeof value === "string" ? value : (JSON.stringify(value, null, 2) ?? "")} />
          </dd>
        </div>
      ))}
    </dl>
  );
}

function Result({ entry, open, toggle }: { entry: ToolEntry; open: boolean; toggle(): void }) {
  const { result } = entry;
  if (result === null) return null;
  const { outcome } = result;
  const text = typeof outcome.output === "string" ? outcome.output : result.text;
  if (entry.state === "denied" || (entry.preview?.files && entry.state === "done")) return open ? <Output text={text} /> : null;
  if (text.trim() === "") {
    return result.images.length === 0 && entry.state === "done" ? <p class="quiet tool-none">no output</p> : null;
  }
  if (open) return <Output text={text} />;
  const isForModel = wordsOf(entry.name).unit !== undefined || entry.agent;
  if (isForModel && entry.state === "done") return null;
  const { shown, left } = some(text, entry.state === "failed" ? SHOWN_ERROR_LINES : SHOWN_LINES, "end");
  return (
    <>
      {left > 0 && (
        <button type="button" class="link" onClick={toggle}>
          {left.toLocaleString()} more {left === 1 ? "line" : "lines"}
        </button>
      )}
      <Output text={shown} />
    </>
  );
}

/** What a screen reader says of a call. */
export function toolName(entry: ToolEntry): string {
  const what = withoutSequences(oneLine(telling(entry)));
  return `${wordsOf(entry.name).word} ${words(what)}, ${STATES[entry.state]}`;
}
