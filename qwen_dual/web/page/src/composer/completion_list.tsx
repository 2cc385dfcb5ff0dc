import { useLayoutEffect, useRef } from "preact/hooks";
import { plain } from "../ui/plain_text";
import type { Completion, Menu } from "./completion";

export const optionId = (list: string, index: number): string => `${list}-${index}`;

/** What may follow, above the text field, which keeps the focus. */
export function CompletionList({
  id,
  menu,
  completion,
  onTake,
}: {
  id: string;
  menu: Menu;
  completion: Completion;
  onTake(): void;
}) {
  const list = useRef<HTMLUListElement>(null);
  useLayoutEffect(() => {
    list.current?.querySelector("[aria-selected=true]")?.scrollIntoView({ block: "nearest" });
  }, [menu]);
  return (
    <ul class="completions" id={id} role="listbox" aria-label="Suggestions" ref={list}>
      {menu.candidates.map((candidate, index) => (
        <li
          key={index}
          id={optionId(id, index)}
          role="option"
          aria-selected={index === menu.selected}
          // The text field must not lose the focus to it.
          onPointerDown={(event) => event.preventDefault()}
          onClick={() => {
            completion.select(index);
            onTake();
          }}
        >
          <bdi class="label">{plain(candidate.label)}</bdi>
          {candidate.detail && <span class="detail">{plain(candidate.detail)}</span>}
        </li>
      ))}
    </ul>
  );
}
