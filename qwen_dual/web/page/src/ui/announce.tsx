import { signal } from "@preact/signals";

/** Two regions take turns, so that the same words twice are read twice. */
const polite = [signal(""), signal("")] as const;
const assertive = signal("");
let turn = 0;

/** Has a screen reader say something once it is done with what it says; at once with `urgent`. */
export function announce(words: string, urgent = false): void {
  if (urgent) {
    assertive.value = assertive.peek() === words ? `${words}\u00a0` : words;
    return;
  }
  turn = 1 - turn;
  polite[turn === 0 ? 0 : 1].value = words;
  polite[turn === 0 ? 1 : 0].value = "";
}

/** The places from which announcements are read; once on a page. */
export function Announcements() {
  return (
    <div class="unseen">
      <div role="status">{polite[0]}</div>
      <div role="status">{polite[1]}</div>
      <div role="alert">{assertive}</div>
    </div>
  );
}
