import { memo } from "./memo";
import { type Run, runs } from "./ansi";
import { Exact } from "./shown";

/** As many lines are made into elements at the most; the rest can be had by copying. */
export const MOST_LINES = 3_000;
const MOST_LINE = 5_000;

/** What a tool printed or read, with its colours. */
export const Output = memo(function Output({ text }: { text: string }) {
  const lines = text.split("\n");
  const shown = lines.length > MOST_LINES ? lines.slice(-MOST_LINES) : lines;
  const coloured = runs(shown.map((line) => (line.length > MOST_LINE ? `${line.slice(0, MOST_LINE)}…` : line)).join("\n"));
  return (
    <>
      {shown.length < lines.length && (
        <p class="quiet">… {(lines.length - shown.length).toLocaleString()} earlier lines are not shown</p>
      )}
      <pre class="output" tabIndex={0}>
        {coloured.map((run, index) => (
          <Piece key={index} {...run} />
        ))}
      </pre>
    </>
  );
});

function Piece({ text, look }: Run) {
  const shown = <Exact text={text} reading="prose" />;
  return look ? <span class={look}>{shown}</span> : shown;
}

/** The first or the last lines of a text, and how many are left out. */
export function some(text: string, most: number, from: "begin" | "end"): { shown: string; left: number } {
  const trimmed = text.replace(/\s+$/, "");
  // Only as much is cut into lines as can be shown.
  const near = from === "end" ? trimmed.slice(-most * 2_000) : trimmed.slice(0, most * 2_000);
  const lines = near.split("\n");
  const shown = from === "end" ? lines.slice(-most) : lines.slice(0, most);
  let count = 1;
  for (let at = trimmed.indexOf("\n"); at >= 0; at = trimmed.indexOf("\n", at + 1)) count += 1;
  return { shown: shown.join("\n"), left: trimmed === "" ? 0 : Math.max(0, count - shown.length) };
}
