/** The ways to answer a request, each with the key that it always has. Pure. */

import type { PermissionRequest } from "../conversation/types";
import type { Command, Right } from "../wire";
import { visibleLine } from "./visible";

/** The rule that stands for all edits of a session. */
const EDITS = "edits";

export interface Answer {
  key: string;
  label: string;
  allowed: boolean;
  remember?: "session" | "project" | "user";
  /** Of a plan: the mode to go on in. */
  mode?: "default" | "auto-edit" | "previous";
  /** The person may say why not. */
  asksReason?: boolean;
}

const NO: Answer = { key: "n", label: "No, and say what instead", allowed: false, asksReason: true };

/** The ways to answer `request`; those that last only where the program offers a rule, and one may control it. */
export function answersFor(request: PermissionRequest, rights: ReadonlySet<Right>): Answer[] {
  const modes = (request.permission_suggestions ?? []).filter((each) => each.mode);
  const control = rights.has("control");
  const no: Answer = rights.has("submit") ? NO : { key: "n", label: "No", allowed: false };
  if (modes.length > 0) return [...planAnswers(request, control), { ...no, label: planNo(rights) }];
  const yes: Answer = { key: "y", label: "Yes", allowed: true };
  const rule = request.rule ?? "";
  if (!rule || !control) return [yes, no];
  if (rule === EDITS) {
    const label = "Yes, and all edits of this session (turns on auto-edit)";
    return [yes, { key: "s", label, allowed: true, remember: "session" }, no];
  }
  const covered = (request.rules?.length ? request.rules : [rule]).map(coveredBy);
  if (request.preview?.kind !== "command") {
    const label = `Yes, and always ${covered.map((each) => visibleLine(place(each))).join(" and ")} in this project`;
    return [yes, { key: "p", label, allowed: true, remember: "project" }, no];
  }
  const listed = covered.map(quoted).join(" and ");
  return [
    yes,
    { key: "s", label: `Yes, and ${listed} in this session`, allowed: true, remember: "session" },
    { key: "p", label: `Yes, and ${listed} always in this project`, allowed: true, remember: "project" },
    { key: "u", label: `Yes, and ${listed} always for this user`, allowed: true, remember: "user" },
    no,
  ];
}

/** The command that gives an answer. */
export function responseTo(requestId: string, answer: Answer, reason = ""): Command {
  return {
    type: "confirmation_response",
    request_id: requestId,
    allowed: answer.allowed,
    ...(reason.trim() ? { message: reason.trim() } : {}),
    ...(answer.remember ? { remember: answer.remember } : {}),
    ...(answer.mode ? { mode: answer.mode } : {}),
  };
}

function planAnswers(request: PermissionRequest, control: boolean): Answer[] {
  if (!control) return [{ key: "y", label: "Yes, and ask before each change", allowed: true }];
  const keys = { default: "y", "auto-edit": "s", previous: "b" } as const;
  const labels = {
    default: "Yes, and ask before each change",
    "auto-edit": "Yes, with all edits of this session (turns on auto-edit)",
    previous: `Yes, in the mode before (${visibleLine(request.previous_mode ?? "")})`,
  } as const;
  return (request.permission_suggestions ?? []).flatMap(({ mode }) =>
    mode ? [{ key: keys[mode], label: labels[mode], allowed: true, mode }] : [],
  );
}

function planNo(rights: ReadonlySet<Right>): string {
  return rights.has("submit") ? "No, keep planning: say what to change" : "No, keep planning";
}

/** The pattern of a rule. */
function coveredBy(rule: string): string {
  const open = rule.indexOf("(");
  return open < 0 ? rule : rule.slice(open + 1).replace(/\)$/, "");
}

/** The pattern of a rule for commands; `=` before it means just these words. */
function quoted(pattern: string): string {
  const just = pattern.startsWith("=");
  return `${just ? "just " : ""}'${visibleLine(just ? pattern.slice(1) : pattern)}'`;
}

/** A host, a file or a folder, from the pattern of a rule that was proposed. */
function place(pattern: string): string {
  if (!pattern.startsWith("//")) return pattern;
  return pattern.slice(1).replace(/\*\*$/, "").replaceAll(/\\(.)/g, "$1");
}
