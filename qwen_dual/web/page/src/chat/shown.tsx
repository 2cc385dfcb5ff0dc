import type { ComponentChildren } from "preact";

import { pieces, type Reading } from "../requests/visible";

const PLAIN = /^[\t\n -~\u00a1-\u024f]*$/;

/** Foreign text with what hides in it made visible: what is shown is what is there. */
export function Exact({ text, reading = "command" }: { text: string; reading?: Reading }) {
  if (/^[\t\n -~]*$/.test(text)) return <>{text}</>;
  return (
    <>
      {pieces(text, reading).map((piece, index) =>
        piece.odd === null ? (
          piece.text
        ) : (
          <mark class="odd" key={index} title={TITLES[piece.odd]}>
            {piece.text}
          </mark>
        ),
      )}
    </>
  );
}

const TITLES = {
  control: "A control character",
  bidi: "A character that turns the text around",
  invisible: "A character that cannot be seen",
  blank: "A blank that is none of the usual",
  unassigned: "A character without a meaning",
  look_alike: "A character that looks like another",
  mark: "A character that is used as a mark here",
} as const;

/** Words of a model or a tool, with escapes for what could turn them around or hide in them. */
export function words(text: string): string {
  if (PLAIN.test(text)) return text;
  return pieces(text, "prose")
    .map((piece) => piece.text)
    .join("");
}

/** The same in one line, of at most so many characters. */
export function line(text: string, most = 200): string {
  const joined = words(text.slice(0, 2 * most)).replace(/\s+/g, " ").trim();
  return joined.length > most || text.length > 2 * most ? `${joined.slice(0, most)}…` : joined;
}

/** Something that can be opened to see more of it. */
export function Fold({
  open,
  onToggle,
  title,
  children,
}: {
  open: boolean;
  onToggle(): void;
  title: ComponentChildren;
  children?: ComponentChildren;
}) {
  return (
    <div class={`fold ${open ? "is-open" : ""}`}>
      <button type="button" class="fold-title" aria-expanded={open} onClick={onToggle}>
        <svg class="fold-mark" viewBox="0 0 16 16" aria-hidden="true" focusable="false">
          <path d="M6 4l4 4-4 4" />
        </svg>
        {title}
      </button>
      {open && children}
    </div>
  );
}
