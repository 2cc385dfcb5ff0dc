import type { Todo } from "../conversation/types";
import { words } from "./shown";

const SIGNS = { pending: "○", in_progress: "◐", completed: "✓" } as const;
const NAMES = { pending: "to do", in_progress: "now", completed: "done" } as const;

/** The model's list of what is to be done. */
export function Todos({ items }: { items: readonly Todo[] }) {
  const done = items.filter((item) => item.status === "completed").length;
  return (
    <div class="todos">
      <p class="quiet">
        {done} of {items.length} done
      </p>
      <ul>
        {items.map((item, index) => (
          <li key={index} class={`is-${item.status}`}>
            <span class="sign" role="img" aria-label={NAMES[item.status]}>
              {SIGNS[item.status]}
            </span>
            <span>{words(item.text)}</span>
          </li>
        ))}
      </ul>
    </div>
  );
}
