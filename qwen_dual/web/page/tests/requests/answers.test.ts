import { expect, test } from "vitest";
import type { PermissionRequest } from "../../src/conversation/types";
import { answersFor, responseTo } from "../../src/requests/answers";
import { shownOf } from "../../src/requests/preview";
import type { Right } from "../../src/wire";

const ALL: ReadonlySet<Right> = new Set(["observe", "approve", "submit", "control"]);

function command(text: string, more: Partial<PermissionRequest> = {}): PermissionRequest {
  return {
    subtype: "can_use_tool",
    tool_name: "run_shell_command",
    tool_use_id: "call_1",
    input: { command: text },
    permission_suggestions: null,
    blocked_path: null,
    ...more,
  };
}

const preview = (kind: "command" | "diff" | "text" | "plan", text = "x") => ({ kind, title: "", text, warnings: [] });

test("each way that lasts says what it covers", () => {
  const request = command("git status", {
    preview: preview("command"),
    rule: "r",
    rules: ["run_shell_command(git status *)", "run_shell_command(=wc -l)"],
  });
  expect(answersFor(request, ALL).map((answer) => [answer.key, answer.label])).toEqual([
    ["y", "Yes"],
    ["s", "Yes, and 'git status *' and just 'wc -l' in this session"],
    ["p", "Yes, and 'git status *' and just 'wc -l' always in this project"],
    ["u", "Yes, and 'git status *' and just 'wc -l' always for this user"],
    ["n", "No, and say what instead"],
  ]);
});

test("what a rule hides in itself is seen", () => {
  const request = command("x", { preview: preview("command"), rule: "r(a\u202eb)" });
  expect(answersFor(request, ALL)[1]?.label).toContain("'a⟨U+202E⟩b'");
});

test("a link that may only approve is offered a plain yes and no", () => {
  const request = command("x", { preview: preview("command"), rule: "r(x)" });
  const few: ReadonlySet<Right> = new Set(["observe", "approve"]);
  expect(answersFor(request, few)).toEqual([
    { key: "y", label: "Yes", allowed: true },
    { key: "n", label: "No", allowed: false },
  ]);
});

test("a folder outside, and all edits, in words", () => {
  const read = command("", { preview: preview("text"), rule: "read_file(//etc/a\\*b/**)" });
  expect(answersFor(read, ALL)[1]?.label).toBe("Yes, and always /etc/a*b/ in this project");
  const edit = command("", { preview: preview("diff"), rule: "edits" });
  expect(answersFor(edit, ALL)[1]).toMatchObject({ key: "s", remember: "session" });
});

test("a plan is allowed with a mode to go on in", () => {
  const request = command("", {
    preview: preview("plan"),
    previous_mode: "yolo",
    permission_suggestions: [
      { type: "allow", label: "", description: "", mode: "default" },
      { type: "allow", label: "", description: "", mode: "previous" },
      { type: "deny", label: "", description: "" },
    ],
  });
  const ways = answersFor(request, ALL);
  expect(ways.map((answer) => answer.key)).toEqual(["y", "b", "n"]);
  expect(responseTo("r1", ways[1]!)).toEqual({
    type: "confirmation_response",
    request_id: "r1",
    allowed: true,
    mode: "previous",
  });
});

test("a reason goes with a no", () => {
  const no = answersFor(command("x"), ALL)[1]!;
  expect(responseTo("r1", no, " use pnpm ")).toMatchObject({ allowed: false, message: "use pnpm" });
  expect(responseTo("r1", no, " ")).not.toHaveProperty("message");
});

test("of a program without previews the page makes one, and looks for what hides in it", () => {
  const shown = shownOf(command("rm \u200bx"));
  expect(shown).toMatchObject({ kind: "command", text: "rm \u200bx", question: "Run this command?" });
  expect(shown.warnings).toEqual([{ kind: "invisible", message: "Characters that cannot be seen: ⟨U+200B⟩." }]);
  const edit = shownOf(command("", { input: { file_path: "/a", old_string: "b", new_string: "c\nd" } }));
  expect(edit).toMatchObject({ kind: "diff", title: "/a", text: "-b\n+c\n+d" });
});

test("what was cut is known as such", () => {
  const cut = { ...preview("command"), warnings: [{ kind: "cut" as const, message: "Cut." }] };
  expect(shownOf(command("x", { preview: cut })).cut).toBe(true);
});
