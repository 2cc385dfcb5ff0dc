/** What a request shows before it is answered, also of a program that sends no preview. Pure. */

import type { PermissionRequest, Preview } from "../conversation/types";
import { type Oddity, pieces, type Reading } from "./visible";

export interface Warning {
  kind: string;
  message: string;
}

export interface Shown {
  kind: Preview["kind"];
  title: string;
  /** What is asked, in a line. */
  question: string;
  text: string;
  reading: Reading;
  warnings: readonly Warning[];
  /** The text does not say all: it cannot be allowed as if it did. */
  cut: boolean;
}

const SAID: Readonly<Partial<Record<Oddity, string>>> = {
  control: "Control characters",
  bidi: "Characters that turn the direction of the text",
  invisible: "Characters that cannot be seen",
  blank: "Blanks that are no spaces",
  unassigned: "Characters without a meaning",
  look_alike: "Characters that look like others",
};

export function shownOf(request: PermissionRequest): Shown {
  const preview = request.preview ?? made(request);
  const reading = readingOf(preview.kind);
  const warnings: Warning[] = [...(preview.warnings ?? [])];
  const known = new Set(warnings.map((warning) => warning.kind));
  // A program that does not look for them says nothing of them; so the page looks itself.
  if (!preview.warnings) warnings.push(...found(preview.text, reading).filter((each) => !known.has(each.kind)));
  return {
    kind: preview.kind,
    title: preview.title,
    question: preview.question || questionOf(preview.kind, request.tool_name),
    text: preview.text,
    reading,
    warnings,
    cut: warnings.some((warning) => warning.kind === "cut"),
  };
}

export function readingOf(kind: Preview["kind"]): Reading {
  if (kind === "plan") return "prose";
  return kind === "diff" || kind === "questions" ? "code" : "command";
}

/** What is odd in a text, a sentence for each kind. */
export function found(text: string, reading: Reading): Warning[] {
  const kinds = new Map<Oddity, Set<string>>();
  for (const { text: shown, odd } of pieces(text, reading)) {
    if (odd !== null && SAID[odd]) kinds.set(odd, (kinds.get(odd) ?? new Set()).add(shown));
  }
  return Array.from(kinds, ([kind, escapes]) => ({
    kind,
    message: `${SAID[kind] ?? kind}: ${[...escapes].slice(0, 5).join(" ")}${escapes.size > 5 ? " …" : ""}.`,
  }));
}

function questionOf(kind: Preview["kind"], tool: string): string {
  if (kind === "diff") return "Apply this change?";
  if (kind === "command") return "Run this command?";
  if (kind === "plan") return "Go on with this plan?";
  return `Allow ${tool}?`;
}

function made({ tool_name, input, blocked_path }: PermissionRequest): Preview {
  const about = blocked_path ?? "";
  if (typeof input["command"] === "string") return { kind: "command", title: about, text: input["command"] };
  if (typeof input["plan"] === "string") return { kind: "plan", title: "", text: input["plan"] };
  if (Array.isArray(input["questions"])) return { kind: "questions", title: "", text: JSON.stringify(input) };
  const file = typeof input["file_path"] === "string" ? input["file_path"] : about;
  const [old, now] = [input["old_string"], input["new_string"]];
  if (typeof old === "string" && typeof now === "string") {
    const lines = [...signed("-", old), ...signed("+", now)];
    return { kind: "diff", title: file, text: lines.join("\n") };
  }
  if (typeof input["content"] === "string" && file) {
    return { kind: "diff", title: file, text: signed("+", input["content"]).join("\n") };
  }
  return { kind: "text", title: file || tool_name, text: JSON.stringify(input, null, 2) };
}

function signed(sign: string, text: string): string[] {
  return text === "" ? [] : text.split("\n").map((line) => sign + line);
}
