import { signal } from "@preact/signals";

import { IconButton } from "./button";
import { CloseIcon } from "./icons";

interface Note {
  id: number;
  words: string;
  bad: boolean;
}

const notes = signal<readonly Note[]>([]);
let last = 0;

/** Tells the person something in passing; what went wrong stays until it is closed. */
export function note(words: string, kind: "info" | "bad" = "info"): void {
  const id = ++last;
  const others = notes.peek().filter((other) => other.words !== words);
  notes.value = [...others.slice(-3), { id, words, bad: kind === "bad" }];
  if (kind === "info") setTimeout(() => close(id), 6000);
}

function close(id: number): void {
  notes.value = notes.peek().filter((other) => other.id !== id);
}

/** Where notes stand; once on a page. */
export function Notes() {
  return (
    <div class="notes" role="log" aria-label="Notes">
      {notes.value.map(({ id, words, bad }) => (
        <div key={id} class={bad ? "note bad" : "note"}>
          <span class="words">{words}</span>
          <IconButton name="Close this note" onClick={() => close(id)}>
            <CloseIcon />
          </IconButton>
        </div>
      ))}
    </div>
  );
}
