/** What a sub-agent says and does, under the call that it works for. */

import type { Entry, Lane, ToolEntry } from "../conversation/types";
import { Button } from "../ui/button";
import { EntryView, isShown } from "./entry";
import { Fold, line, words } from "./shown";
import { short, telling, wordsOf } from "./tools";
import { useFold, useView } from "./view";

/** Entries of a lane that are drawn unless all are asked for. */
const SHOWN = 40;

export function AgentLane({ entry }: { entry: ToolEntry }) {
  const view = useView();
  const lane = view.conversation.value.lanes.get(entry.id);
  const [open, toggle] = useFold(`lane-${entry.key}`);
  const [all, showAll] = useFold(`lane-all-${entry.key}`);
  if (!lane) return null;
  const entries = lane.entries.filter(isShown);
  const drawn = all ? entries : entries.slice(-SHOWN);
  const stop = view.actions.stopAgent;
  return (
    <div class="lane">
      <div class="lane-head">
        <Fold
          open={open}
          onToggle={toggle}
          title={
            <>
              <span class="lane-name">{words(lane.name) || "sub-agent"}</span>
              <span class="quiet clipped">{lane.state === "working" ? doing(lane) : taken(lane)}</span>
            </>
          }
        />
        {lane.state === "working" && stop && (
          <Button look="plain" class="lane-stop" onClick={() => stop(entry)}>
            Stop
          </Button>
        )}
      </div>
      {open && (
        <div class="lane-entries">
          {drawn.length < entries.length && (
            <button type="button" class="link" onClick={showAll}>
              Show {(entries.length - drawn.length).toLocaleString()} earlier
            </button>
          )}
          {drawn.map((one) => (
            <div key={one.key} class={`row is-${one.kind}`}>
              <EntryView entry={one} />
            </div>
          ))}
        </div>
      )}
    </div>
  );
}

/** What it is at, in words. */
function doing(lane: Lane): string {
  const open = lane.entries.filter((entry): entry is ToolEntry => entry.kind === "tool" && entry.result === null);
  const latest = open.at(-1);
  if (latest) {
    const more = open.length > 1 ? ` and ${open.length - 1} more` : "";
    return `${wordsOf(latest.name).doing} ${line(telling(latest), 80)}${more}`;
  }
  const last: Entry | undefined = lane.entries.at(-1);
  return last?.kind === "text" ? "Answering" : last ? "Thinking" : "Starting";
}

function taken(lane: Lane): string {
  const told = [`${lane.calls} ${lane.calls === 1 ? "call" : "calls"}`];
  if (lane.tokens > 0) told.push(`${short(lane.tokens)} tokens`);
  if (lane.background) told.push("in the background");
  if (lane.state !== "completed") told.unshift(lane.state);
  return told.join(" · ");
}
