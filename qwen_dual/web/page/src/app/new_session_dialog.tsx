import { useState } from "preact/hooks";

import { requests } from "../net/requests";
import type { NewSession } from "../wire";
import { ago } from "../ui/ago";
import { Button } from "../ui/button";
import { Dialog } from "../ui/dialog";
import { plain } from "../ui/plain_text";
import { justOpened } from "./begun";
import { messageOf, useRequest } from "./requested";
import { choose, rows } from "./sessions";
import { shortPath } from "./states";

type Tab = "new" | "saved" | "running";

const TABS: [Tab, string][] = [
  ["new", "New"],
  ["saved", "Saved"],
  ["running", "Running elsewhere"],
];

const MODES: [string, string][] = [
  ["", "As the settings say"],
  ["plan", "Plan: reads only"],
  ["default", "Default: asks before it changes anything"],
  ["auto-edit", "Auto-edit: edits without asking"],
  ["auto", "Auto: a model judges what may run"],
  ["yolo", "YOLO: asks nothing"],
];

/** Begins a session, goes on with a saved one, or follows one that runs elsewhere on the machine. */
export function NewSessionDialog({ folder, onClose }: { folder: string; onClose(): void }) {
  const [tab, setTab] = useState<Tab>("new");
  const [failure, setFailure] = useState("");
  const [busy, setBusy] = useState(false);
  const begin = async (starting: () => Promise<{ key: string }>) => {
    setBusy(true);
    setFailure("");
    try {
      const { key } = await starting();
      justOpened.value = key;
      onClose();
      choose(key);
    } catch (error) {
      setFailure(messageOf(error));
      setBusy(false);
    }
  };
  return (
    <Dialog title="Open a session" onClose={onClose}>
      <div class="choices" role="group" aria-label="What to open">
        {TABS.map(([name, label]) => (
          <Button key={name} aria-pressed={tab === name} onClick={() => setTab(name)}>
            {label}
          </Button>
        ))}
      </div>
      {failure !== "" && (
        <p class="remark bad" role="alert">
          {failure}
        </p>
      )}
      {tab === "new" && (
        <NewForm folder={folder} busy={busy} begin={(wanted) => begin(() => requests.startSession(wanted))} />
      )}
      {tab === "saved" && (
        <Saved busy={busy} resume={(id, cwd) => begin(() => requests.startSession({ resume: id, cwd }))} />
      )}
      {tab === "running" && <Running busy={busy} attach={(id) => begin(() => requests.attach(id))} />}
    </Dialog>
  );
}

function NewForm({ folder, busy, begin }: { folder: string; busy: boolean; begin(wanted: NewSession): void }) {
  const models = [...new Set(rows.value?.map((row) => row.model).filter(Boolean))];
  const folders = [...new Set([folder, ...(rows.value ?? []).map((row) => row.cwd)])];
  return (
    <form
      class="form"
      onSubmit={(event) => {
        event.preventDefault();
        const filled = new FormData(event.currentTarget);
        const wanted: NewSession = {};
        for (const name of ["cwd", "model", "mode"] as const) {
          const value = String(filled.get(name) ?? "").trim();
          if (value !== "") wanted[name] = value;
        }
        begin(wanted);
      }}
    >
      <label class="field">
        <span class="label">Folder</span>
        <input class="input" name="cwd" defaultValue={folder} list="folders" spellcheck={false} data-autofocus />
        <span class="hint">Where it works, on the machine that the server runs on.</span>
      </label>
      <datalist id="folders">
        {folders.map((path) => (
          <option key={path} value={path} />
        ))}
      </datalist>
      <label class="field">
        <span class="label">Model</span>
        <input class="input" name="model" list="models" spellcheck={false} placeholder="As the settings say" />
      </label>
      <datalist id="models">
        {models.map((model) => (
          <option key={model} value={model} />
        ))}
      </datalist>
      <label class="field">
        <span class="label">Mode</span>
        <select class="input" name="mode">
          {MODES.map(([value, label]) => (
            <option key={value} value={value}>
              {label}
            </option>
          ))}
        </select>
      </label>
      <div class="actions">
        <Button type="submit" look="main" disabled={busy}>
          {busy ? "Starting…" : "Start"}
        </Button>
      </div>
    </form>
  );
}

function Saved({ busy, resume }: { busy: boolean; resume(id: string, cwd: string): void }) {
  const [all, setAll] = useState(false);
  const [befores, setBefores] = useState<(number | undefined)[]>([undefined]);
  return (
    <>
      <label class="check">
        <input
          type="checkbox"
          checked={all}
          onChange={(event) => {
            setAll(event.currentTarget.checked);
            setBefores([undefined]);
          }}
        />
        Of all folders
      </label>
      <ul class="offers">
        {befores.map((before, index) => (
          <SavedPage
            key={`${all} ${before}`}
            all={all}
            before={before}
            busy={busy}
            resume={resume}
            last={index === befores.length - 1}
            more={(time) => setBefores([...befores, time])}
          />
        ))}
      </ul>
    </>
  );
}

interface SavedPageProps {
  all: boolean;
  before: number | undefined;
  busy: boolean;
  last: boolean;
  resume(id: string, cwd: string): void;
  more(before: number): void;
}

function SavedPage({ all, before, busy, last, resume, more }: SavedPageProps) {
  const found = useRequest(() => requests.savedSessions(all, before), [all, before]);
  if (found.state === "running") return <li role="status">Loading…</li>;
  if (found.state === "failed") return <li role="alert">{found.message}</li>;
  const { sessions, more: hasMore } = found.value;
  const oldest = sessions.at(-1)?.updated_at;
  if (sessions.length === 0 && before === undefined) return <li class="empty">No session is saved here.</li>;
  return (
    <>
      {sessions.map((saved) => (
        <li key={saved.session_id}>
          <Offer
            title={saved.title}
            detail={`${saved.prompts} ${saved.prompts === 1 ? "prompt" : "prompts"} · ${ago(saved.updated_at)} · ${shortPath(saved.cwd)}`}
            action={saved.running ? "Runs already" : "Resume"}
            disabled={busy || saved.running}
            run={() => resume(saved.session_id, saved.cwd)}
          />
        </li>
      ))}
      {last && hasMore && oldest !== undefined && (
        <li>
          <Button look="plain" onClick={() => more(oldest)}>
            Older ones
          </Button>
        </li>
      )}
    </>
  );
}

function Running({ busy, attach }: { busy: boolean; attach(id: string): void }) {
  const found = useRequest(() => requests.runningSessions());
  if (found.state === "running") return <p role="status">Loading…</p>;
  if (found.state === "failed") return <p role="alert">{found.message}</p>;
  if (found.value.sessions.length === 0) {
    return <p class="empty">No other session with a socket runs on this machine. Those of this page are at the left.</p>;
  }
  return (
    <ul class="offers">
      {found.value.sessions.map((session) => (
        <li key={session.id}>
          <Offer
            title={session.title}
            detail={`${session.state} · ${shortPath(session.cwd)} · process ${session.pid}`}
            action="Follow"
            disabled={busy}
            run={() => attach(session.id)}
          />
        </li>
      ))}
    </ul>
  );
}

interface OfferProps {
  title: string;
  detail: string;
  action: string;
  disabled: boolean;
  run(): void;
}

function Offer({ title, detail, action, disabled, run }: OfferProps) {
  const name = plain(title) || "Without a title";
  return (
    <div class="offer">
      <span class="title">
        <bdi>{name}</bdi>
      </span>
      <span class="detail">
        <bdi>{plain(detail)}</bdi>
      </span>
      <Button disabled={disabled} onClick={run} aria-label={`${action}: ${name}`}>
        {action}
      </Button>
    </div>
  );
}
