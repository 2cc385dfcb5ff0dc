import type { Entry } from "../conversation/types";
import { Change, Compact, End, Gap, Notice, Rewound } from "./marks";
import { memo } from "./memo";
import { Answer, Command, Prompt, sayer, Thought } from "./said";
import { line } from "./shown";
import { Tool, toolName } from "./tool";

/** One entry; it is drawn again only when it is another one. */
export const EntryView = memo(function EntryView({ entry }: { entry: Entry }) {
  switch (entry.kind) {
    case "prompt":
      return <Prompt entry={entry} />;
    case "command":
      return <Command entry={entry} />;
    case "text":
      return <Answer entry={entry} />;
    case "thinking":
      return <Thought entry={entry} />;
    case "tool":
      return <Tool entry={entry} />;
    case "notice":
      return <Notice entry={entry} />;
    case "change":
      return <Change entry={entry} />;
    case "end":
      return <End entry={entry} />;
    case "compact":
      return <Compact entry={entry} />;
    case "rewound":
      return <Rewound entry={entry} />;
    case "gap":
      return <Gap entry={entry} />;
  }
});

/** Whether there is anything to see of an entry. */
export function isShown(entry: Entry): boolean {
  if (entry.kind === "text" || entry.kind === "thinking") return entry.open || /\S/.test(entry.source);
  if (entry.kind !== "end") return true;
  // The end of a slash command is what it said; of one that failed that too.
  return entry.calls > 0 || (entry.error !== null && entry.error.kind !== "command");
}

/** What an entry is, for who listens. */
export function nameOf(entry: Entry): string {
  switch (entry.kind) {
    case "prompt":
      return `${entry.by.origin === "keyboard" || entry.by.origin === "" ? "You" : sayer(entry.by)}: ${line(entry.text, 80)}`;
    case "command":
      return `Command ${line(entry.command, 40)}`;
    case "text":
      return entry.part === 0 ? "Answer" : "Answer, continued";
    case "thinking":
      return "Thought";
    case "tool":
      return toolName(entry);
    case "notice":
      return entry.level === "info" ? "Notice" : entry.level === "error" ? "Error" : "Warning";
    case "end":
      return "End of the turn";
    case "gap":
      return "Missing events";
    default:
      return "Change";
  }
}

const LINE = 21;

/** About how high an entry is, before it has been drawn. */
export function estimate(entry: Entry): number {
  switch (entry.kind) {
    case "prompt":
      return 48 + LINE * Math.min(40, Math.ceil(entry.text.length / 90));
    case "text":
      return 12 + LINE * Math.ceil(entry.source.length / 80);
    case "tool":
      if (entry.preview?.files) return 90 + 18 * Math.min(24, entry.preview.files[0]?.hunks[0]?.lines.length ?? 0);
      return entry.state === "failed" || entry.name === "run_shell_command" ? 120 : 38;
    default:
      return 32;
  }
}
