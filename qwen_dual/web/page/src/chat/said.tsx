/** What was said: prompts, commands, answers, thoughts. */

import type { By, CommandEntry, Picture, PromptEntry, TextEntry } from "../conversation/types";
import { IconButton } from "../ui/button";
import { copy } from "../ui/copy";
import { CopyIcon } from "../ui/icons";
import { Markdown } from "./markdown/markdown";
import { some } from "./output";
import { Exact, Fold, words } from "./shown";
import { short } from "./tools";
import { useFold, useView } from "./view";

const SHOWN_LINES = 40;
const SHOWN_CHARS = 4_000;

/** Who said something, in words; empty for the person at the keyboard of this session's terminal. */
export function sayer({ origin, name }: By): string {
  if (name) return words(name);
  // A page's name as the program has it, which knows no blanks in names.
  if (origin.startsWith("host:web.")) return words(origin.slice(9).replaceAll("-", " "));
  if (origin.startsWith("host:")) return words(origin.slice(5));
  return ORIGINS[origin] ?? words(origin);
}

const ORIGINS: Readonly<Record<string, string>> = {
  "": "",
  keyboard: "terminal",
  input: "a program",
  cli: "command line",
  sdk: "a program",
  agent: "sub-agent",
};

/** Where what an entry shows stands in the terminal. */
export function LineButton({ seq }: { seq: number }) {
  const { lines } = useView();
  if (lines === null || seq === 0 || !lines.inTerminal.value.has(seq)) return null;
  return (
    <IconButton class="quiet-button" look="plain" name="Show in the terminal" onClick={() => lines.showLine(seq)}>
      <svg class="icon-drawing" viewBox="0 0 16 16" aria-hidden="true" focusable="false">
        <path d="M2.5 3h11v10h-11zM5 6l2 2-2 2M8.5 10.5H11" />
      </svg>
    </IconButton>
  );
}

function CopyButton({ name, text }: { name: string; text(): string }) {
  return (
    <IconButton class="quiet-button" look="plain" name={`Copy this ${name}`} onClick={() => void copy(text(), "It")}>
      <CopyIcon />
    </IconButton>
  );
}

export function Prompt({ entry }: { entry: PromptEntry }) {
  const { text, by } = entry;
  const long = text.length > SHOWN_CHARS || text.split("\n", SHOWN_LINES + 1).length > SHOWN_LINES;
  const [open, toggle] = useFold(`prompt-${entry.key}`, false);
  const shown = long && !open ? some(text.slice(0, SHOWN_CHARS), SHOWN_LINES / 2, "begin").shown : text;
  const shell = text.startsWith("!");
  if (by.origin === "agent") return <Reported entry={entry} />;
  const { me } = useView();
  const who = sayer(by);
  return (
    <>
      <div class="row-head">
        <strong>{who === "" || by.origin === "keyboard" || (me !== "" && by.name === me) ? "You" : who}</strong>
        {by.origin === "keyboard" && <span class="quiet">in the terminal</span>}
        {entry.steered && <span class="quiet">into the running turn</span>}
        {entry.submittedBy !== null && <span class="quiet">submitted by {words(entry.submittedBy)}</span>}
        <span class="row-tools">
          <LineButton seq={entry.seq} />
          <CopyButton name="prompt" text={() => text} />
        </span>
      </div>
      <div class={`prompt-text ${shell ? "is-shell" : ""}`}>
        {shell ? <Exact text={shown} /> : words(shown)}
        {long && (
          <button type="button" class="link" onClick={toggle}>
            {open ? "Show less" : `Show all ${text.length.toLocaleString()} characters`}
          </button>
        )}
      </div>
      {entry.proposed !== null && <Proposed text={entry.proposed} id={entry.key} />}
      <Pictures pictures={entry.images} />
    </>
  );
}

/** How a sub-agent in the background ended, which the main agent is told. */
function Reported({ entry }: { entry: PromptEntry }) {
  const [open, toggle] = useFold(`prompt-${entry.key}`);
  return (
    <Fold open={open} onToggle={toggle} title={<span class="quiet">A sub-agent in the background has reported</span>}>
      <div class="folded-text">{words(entry.text)}</div>
    </Fold>
  );
}

function Proposed({ text, id }: { text: string; id: number }) {
  const [open, toggle] = useFold(`proposed-${id}`);
  return (
    <Fold open={open} onToggle={toggle} title={<span class="quiet">edited before it ran</span>}>
      <div class="folded-text">
        <Exact text={text} />
      </div>
    </Fold>
  );
}

export function Command({ entry }: { entry: CommandEntry }) {
  const who = sayer(entry.by);
  return (
    <>
      <div class="row-head">
        <code class="command">
          <Exact text={`/${entry.command} ${entry.args}`.trimEnd()} />
        </code>
        {who !== "" && <span class="quiet">{who}</span>}
        <span class="row-tools">
          <LineButton seq={entry.seq} />
        </span>
      </div>
      {entry.proposed !== null && <Proposed text={entry.proposed} id={entry.key} />}
    </>
  );
}

export function Answer({ entry }: { entry: TextEntry }) {
  const view = useView();
  return (
    <>
      {entry.part === 0 && !entry.open && (
        <div class="row-head is-floating">
          <span class="row-tools">
            <LineButton seq={entry.seq} />
            <CopyButton name="answer" text={() => view.wholeOf(entry)} />
          </span>
        </div>
      )}
      <Markdown
        source={entry.source}
        prefix={entry.prefix}
        wholeCode={entry.source.length > 1_000 ? (code) => codeAround(view.wholeOf(entry), code) : undefined}
      />
      {entry.open && <span class="caret" aria-hidden="true" />}
    </>
  );
}

/** The whole code block of which a part of an answer has only the beginning. */
function codeAround(whole: string, code: string): string {
  const at = whole.indexOf(code);
  const begin = whole.lastIndexOf("\n", at - 2) + 1;
  const fence = /^ *(`{3,}|~{3,})/.exec(whole.slice(begin, at))?.[1];
  if (at < 0 || fence === undefined) return code;
  const end = whole.indexOf(`\n${fence}`, at);
  return whole.slice(at, end < 0 ? whole.length : end);
}

export function Thought({ entry }: { entry: TextEntry }) {
  const [open, toggle] = useFold(`thought-${entry.block}`);
  if (entry.part > 0) return open ? <div class="thought">{words(entry.source)}</div> : null;
  const size = entry.open ? "" : `${short(Math.ceil(entry.source.length / 4))} tokens or so`;
  return (
    <Fold
      open={open}
      onToggle={toggle}
      title={
        <>
          <span class="quiet">{entry.open ? "Thinking" : "Thought"}</span>
          {!open && <span class="quiet clipped">{entry.open ? words(entry.source.slice(-160)) : size}</span>}
        </>
      }
    >
      <div class="thought">{words(entry.source)}</div>
    </Fold>
  );
}

/** Images of a prompt or a result. Only what the session itself has is shown: nothing is fetched. */
export function Pictures({ pictures }: { pictures: readonly Picture[] }) {
  if (pictures.length === 0) return null;
  return (
    <ul class="pictures">
      {pictures.map((picture, index) => (
        <li key={index}>
          <OnePicture picture={picture} />
        </li>
      ))}
    </ul>
  );
}

const MEDIA = /^image\/(?:png|jpeg|gif|webp)$/;

function OnePicture({ picture }: { picture: Picture }) {
  const { source } = picture;
  const name = words(picture.title || picture.name) || "image";
  if (source?.type === "base64" && MEDIA.test(source.media_type)) {
    return <img src={`data:${source.media_type};base64,${source.data}`} alt={name} loading="lazy" />;
  }
  if (source?.type !== "reference") return <span class="picture-name">{name}</span>;
  return (
    <span class="picture-name">
      {name}{" "}
      <span class="quiet">
        {source.width} × {source.height}, {short(source.bytes)}B
      </span>
    </span>
  );
}
