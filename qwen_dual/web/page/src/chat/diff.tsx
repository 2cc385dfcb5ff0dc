/** Changes of files, line by line: one below the other, or the two sides beside each other. */

import { signal } from "@preact/signals";

import type { FileDiff } from "../../../../../docs/schema/qwen-dual";
import { keep, kept } from "../net/kept";
import { memo } from "./memo";
import { Exact } from "./shown";

/** What a change is shown as, wherever one is shown. */
const sides = signal(kept("diff") === "sides");

export interface DiffProps {
  files: readonly FileDiff[];
  /** So many lines at the most; the rest can be asked for by `onMore`. */
  most?: number;
  onMore?(): void;
}

interface Line {
  readonly sign: " " | "+" | "-" | "\\";
  readonly text: string;
  readonly before: number | null;
  readonly after: number | null;
}

export const Diff = memo(function Diff({ files, most = Infinity, onMore }: DiffProps) {
  let left = most;
  let hidden = 0;
  return (
    <div class="diff">
      {files.map((file, index) => {
        const lines = file.hunks.flatMap((hunk, at) => [...(at > 0 ? [null] : []), ...linesOf(hunk)]);
        const shown = lines.slice(0, Math.max(0, left));
        left -= lines.length;
        hidden += lines.length - shown.length;
        return (
          <div key={index} role="group" aria-label={`Change of ${file.path}`}>
            <DiffHead file={file} />
            {sides.value ? <Sides lines={shown} /> : <Inline lines={shown} />}
            {file.cut && <p class="quiet">… there is more that was not told</p>}
          </div>
        );
      })}
      {hidden > 0 && (
        <button type="button" class="link" onClick={onMore}>
          Show {hidden.toLocaleString()} more {hidden === 1 ? "line" : "lines"}
        </button>
      )}
    </div>
  );
});

function DiffHead({ file }: { file: FileDiff }) {
  return (
    <header class="diff-head">
      <span class="diff-path">
        <Exact text={file.path} />
      </span>
      <span class="quiet">{file.change === "add" ? "new" : file.change === "delete" ? "removed" : ""}</span>
      <Counts added={file.added} removed={file.removed} />
      <button
        type="button"
        class="link diff-sides"
        aria-pressed={sides.value}
        onClick={() => {
          sides.value = !sides.peek();
          keep("diff", sides.peek() ? "sides" : "inline");
        }}
      >
        Side by side
      </button>
    </header>
  );
}

export function Counts({ added, removed }: { added: number; removed: number }) {
  return (
    <span class="counts">
      <span class="added">+{added}</span> <span class="removed">−{removed}</span>
    </span>
  );
}

/** The lines of a hunk; without numbers where nobody knows where in its file it stands: it begins at 0 on both sides. */
function linesOf(hunk: FileDiff["hunks"][number]): Line[] {
  const lines = numbered(hunk);
  if (hunk.old_start > 0 || hunk.new_start > 0) return lines;
  return lines.map((line) => ({ ...line, before: null, after: null }));
}

function numbered(hunk: FileDiff["hunks"][number]): Line[] {
  let [before, after] = [hunk.old_start, hunk.new_start];
  return hunk.lines.map((whole) => {
    const sign = whole.charAt(0) as Line["sign"];
    const text = whole.slice(1);
    if (sign === "+") return { sign, text, before: null, after: after++ };
    if (sign === "-") return { sign, text, before: before++, after: null };
    if (sign === "\\") return { sign, text, before: null, after: null };
    return { sign: " ", text, before: before++, after: after++ };
  });
}

const LOOK = { "+": "is-added", "-": "is-removed", "\\": "is-note", " ": "" } as const;
const NAME = { "+": "added", "-": "removed", "\\": "", " ": "" } as const;

function Inline({ lines }: { lines: readonly (Line | null)[] }) {
  return (
    <div class="diff-lines" tabIndex={0} role="group" aria-label="Lines">
      <table>
        <tbody>
          {lines.map((line, index) =>
            line === null ? (
              <Break key={index} columns={4} />
            ) : (
              <tr key={index} class={LOOK[line.sign]}>
                <td class="line-number">{line.before}</td>
                <td class="line-number">{line.after}</td>
                <td class="sign">
                  <span aria-label={NAME[line.sign] || undefined}>{line.sign === "-" ? "−" : line.sign}</span>
                </td>
                <td class="line">
                  <Exact text={line.text} reading="code" />
                </td>
              </tr>
            ),
          )}
        </tbody>
      </table>
    </div>
  );
}

function Break({ columns }: { columns: number }) {
  return (
    <tr class="is-break">
      <td colSpan={columns}>⋯</td>
    </tr>
  );
}

function Sides({ lines }: { lines: readonly (Line | null)[] }) {
  return (
    <div class="diff-lines is-sides" tabIndex={0} role="group" aria-label="Lines, before and after">
      <table>
        <tbody>
          {paired(lines).map((pair, index) =>
            pair === null ? (
              <Break key={index} columns={4} />
            ) : (
              <tr key={index}>
                <Side line={pair[0]} number={pair[0]?.before ?? null} />
                <Side line={pair[1]} number={pair[1]?.after ?? null} />
              </tr>
            ),
          )}
        </tbody>
      </table>
    </div>
  );
}

function Side({ line, number }: { line: Line | null; number: number | null }) {
  const look = line === null ? "is-none" : LOOK[line.sign];
  return (
    <>
      <td class={`line-number ${look}`}>{number}</td>
      <td class={`line ${look}`}>{line !== null && <Exact text={line.text} reading="code" />}</td>
    </>
  );
}

/** Removed lines beside those that were added in their place. */
function paired(lines: readonly (Line | null)[]): ([Line | null, Line | null] | null)[] {
  const rows: ([Line | null, Line | null] | null)[] = [];
  let [removed, added]: [Line[], Line[]] = [[], []];
  const flush = () => {
    for (let at = 0; at < Math.max(removed.length, added.length); at += 1) {
      rows.push([removed[at] ?? null, added[at] ?? null]);
    }
    [removed, added] = [[], []];
  };
  for (const line of lines) {
    if (line?.sign === "-") {
      if (added.length > 0) flush();
      removed.push(line);
    } else if (line?.sign === "+") added.push(line);
    else {
      flush();
      rows.push(line === null ? null : [line, line]);
    }
  }
  flush();
  return rows;
}
