import type { ProgramEvent } from "../src/wire";

const FILES: Record<string, string> = {
  ...import.meta.glob<string>("../../../../tests/reference/**/*.jsonl", {
    query: "?raw",
    import: "default",
    eager: true,
  }),
  ...import.meta.glob<string>("../../../../tests/web/streams/*.jsonl", {
    query: "?raw",
    import: "default",
    eager: true,
  }),
};

/** Recorded streams, by the ends of their names: of Qwen Code, with and without a screen, and of this program. */
export const recordings: readonly string[] = Object.keys(FILES).map((path) =>
  path.replace(/^.*\/tests\//, ""),
);

export function recorded(name: string): ProgramEvent[] {
  const path = Object.keys(FILES).find((file) => file.endsWith(`/${name}`)) ?? "";
  return (FILES[path] ?? "")
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => JSON.parse(line) as ProgramEvent)
    .filter((event) => typeof event.type === "string");
}
