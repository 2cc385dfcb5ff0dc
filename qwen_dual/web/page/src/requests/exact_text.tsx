import type { Piece, Reading } from "./visible";
import { pieces } from "./visible";

/** A text exactly, with what hides in it as coloured escapes. */
export function ExactText({ text, reading }: { text: string; reading: Reading }) {
  return (
    <pre class={`exact ${reading}`}>
      <Pieces pieces={pieces(text, reading)} />
    </pre>
  );
}

/** A change, a line each; where every line ends in a carriage return that is said once, and not shown in each. */
export function ExactDiff({ text }: { text: string }) {
  const lines = text.split("\n");
  const changed = lines.filter((line) => /^[ +-]/.test(line) && !/^(---|\+\+\+) /.test(line));
  const crlf = changed.length > 0 && changed.every((line) => line.endsWith("\r"));
  return (
    <>
      {crlf && <p class="quiet">Its lines end in CR and LF.</p>}
      <pre class="exact diff">
        {lines.map((line, index) => (
          <DiffLine key={index} line={crlf ? line.replace(/\r$/, "") : line} />
        ))}
      </pre>
    </>
  );
}

function DiffLine({ line }: { line: string }) {
  const kind = /^(---|\+\+\+) |^@@/.test(line) ? "head" : line.startsWith("+") ? "added" : line.startsWith("-") ? "removed" : "";
  // Blanks at the end of a line cannot be seen, and count.
  const [, body = "", blanks = ""] = /^(.*?)( *)$/s.exec(line) ?? [];
  const kept = kind === "added" || kind === "removed" ? blanks : "";
  return (
    <span class={`line ${kind}`}>
      <Pieces pieces={pieces(kept ? body : line, "code")} />
      {kept && <span class="odd">{"␣".repeat(kept.length)}</span>}
      {"\n"}
    </span>
  );
}

function Pieces({ pieces: given }: { pieces: readonly Piece[] }) {
  return (
    <>
      {given.map((piece, index) =>
        piece.odd === null ? (
          piece.text
        ) : (
          <span key={index} class="odd" title={`${piece.odd.replace("_", "-")} character`}>
            {piece.text}
          </span>
        ),
      )}
    </>
  );
}
