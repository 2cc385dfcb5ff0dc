import { useRef } from "preact/hooks";

import type { SessionRow } from "../wire";
import { PlusIcon } from "../ui/icons";
import { Button } from "../ui/button";
import { plain } from "../ui/plain_text";
import { addressOf, choose, chosen, ordered, rows } from "./sessions";
import { shortPath, stateOf } from "./states";

/** The sessions, those that wait for the person first. */
export function SessionsList({ onNew, onChosen }: { onNew: (() => void) | null; onChosen(): void }) {
  const list = useRef<HTMLUListElement>(null);
  const sessions = ordered.value;
  return (
    <nav class="sessions" aria-label="Sessions">
      <div class="head">
        <h2>Sessions</h2>
        {onNew !== null && (
          <Button look="plain" onClick={onNew} title="New session (Ctrl+Shift+O)">
            <PlusIcon />
            New
          </Button>
        )}
      </div>
      {rows.value === null ? (
        <p class="empty">Loading…</p>
      ) : sessions.length === 0 ? (
        <p class="empty">No session is open.</p>
      ) : (
        <ul ref={list} onKeyDown={(event) => moveFocus(event, list.current)}>
          {sessions.map((row) => (
            <Row key={row.key} row={row} current={row.key === chosen.value} onChosen={onChosen} />
          ))}
        </ul>
      )}
    </nav>
  );
}

function Row({ row, current, onChosen }: { row: SessionRow; current: boolean; onChosen(): void }) {
  const { words, tone } = stateOf(row);
  return (
    <li>
      <a
        href={addressOf(row.key)}
        class="session"
        aria-current={current ? "page" : undefined}
        onClick={(event) => {
          if (event.ctrlKey || event.metaKey || event.shiftKey) return;
          event.preventDefault();
          choose(row.key);
          onChosen();
        }}
      >
        <span class="title">
          <bdi>{plain(row.title) || "New session"}</bdi>
        </span>
        <span class="detail" title={plain(row.cwd, 300)}>
          <span class={`state ${tone}`}>{words}</span>
          <bdi>{plain(shortPath(row.cwd))}</bdi>
          {row.model !== "" && <bdi> · {plain(row.model, 40)}</bdi>}
          {!row.terminal && " · runs elsewhere"}
        </span>
      </a>
    </li>
  );
}

function moveFocus(event: KeyboardEvent, list: HTMLElement | null): void {
  const links = [...(list?.querySelectorAll<HTMLElement>("a") ?? [])];
  const at = links.indexOf(document.activeElement as HTMLElement);
  const to = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: links.length - 1 }[event.key];
  if (to === undefined) return;
  event.preventDefault();
  links[Math.max(0, Math.min(links.length - 1, to))]?.focus();
}
