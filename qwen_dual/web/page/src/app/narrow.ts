import { signal } from "@preact/signals";

// `vite.config.ts` has the other side of it, for what is fetched beforehand.
const query = window.matchMedia("(max-width: 759px)");

/** Whether there is room for one pane only, as on a phone. */
export const narrow = signal(query.matches);
query.addEventListener("change", () => (narrow.value = query.matches));
