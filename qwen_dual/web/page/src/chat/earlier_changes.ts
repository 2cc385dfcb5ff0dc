/** Changes of files in what was saved: of a call its arguments are kept, and not what it did to the file. Pure. */

import { type Data, text } from "../conversation/reading";
import type { FileDiff, Preview } from "../conversation/types";

/**
 * What a call that went well has changed, as far as its arguments say that; null where they do not, as of a file that
 * was overwritten. Where in the file it was nobody has kept: its lines have no numbers.
 */
export function changeOf(name: string, input: Data, result: string): Preview | null {
  const path = text(input["file_path"]);
  if (path === "") return null;
  if (name === "edit" && input["replace_all"] !== true && text(input["old_string"]) !== "") {
    return previewOf(path, "modify", replaced(linesIn(input["old_string"]), linesIn(input["new_string"])));
  }
  const isNew = name === "write_file" ? /\bcreated\b/.test(result) : name === "edit" && text(input["old_string"]) === "";
  const content = text(input[name === "edit" ? "new_string" : "content"]);
  return isNew && content !== "" ? previewOf(path, "add", linesIn(content).map((line) => `+${line}`)) : null;
}

function linesIn(value: unknown): string[] {
  const said = text(value);
  return said === "" ? [] : said.replace(/\n$/, "").split("\n");
}

/** The lines of a hunk: what both begin and end with is no change. */
function replaced(before: string[], after: string[]): string[] {
  const most = Math.min(before.length, after.length);
  let first = 0;
  while (first < most && before[first] === after[first]) first += 1;
  let last = 0;
  while (last < most - first && before.at(-1 - last) === after.at(-1 - last)) last += 1;
  return [
    ...before.slice(0, first).map((line) => ` ${line}`),
    ...before.slice(first, before.length - last).map((line) => `-${line}`),
    ...after.slice(first, after.length - last).map((line) => `+${line}`),
    ...before.slice(before.length - last).map((line) => ` ${line}`),
  ];
}

function previewOf(path: string, change: FileDiff["change"], lines: string[]): Preview {
  const count = (sign: string): number => lines.filter((line) => line.startsWith(sign)).length;
  const hunks = [{ old_start: 0, new_start: 0, lines }];
  const file = { path, change, added: count("+"), removed: count("-"), hunks, cut: false };
  return { kind: "diff", title: path, text: "", files: [file] } as unknown as Preview;
}
