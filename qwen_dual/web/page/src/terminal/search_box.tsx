import type { SearchAddon } from "@xterm/addon-search";
import { useEffect, useRef, useState } from "preact/hooks";

import { IconButton } from "../ui/button";
import { CloseIcon, DownIcon, UpIcon } from "../ui/icons";

const DECORATIONS = {
  matchBackground: "#b58b2a",
  matchOverviewRuler: "#b58b2a",
  activeMatchBackground: "#d0661f",
  activeMatchColorOverviewRuler: "#d0661f",
};

/** Looks for a text in the terminal's history. */
export function SearchBox({ search, onClose }: { search: SearchAddon; onClose(): void }) {
  const [words, setWords] = useState("");
  const [found, setFound] = useState({ at: -1, count: 0 });
  const field = useRef<HTMLInputElement>(null);
  useEffect(() => {
    field.current?.focus();
    const heard = search.onDidChangeResults(({ resultIndex, resultCount }) =>
      setFound({ at: resultIndex, count: resultCount }),
    );
    return () => {
      heard.dispose();
      search.clearDecorations();
    };
  }, [search]);
  const next = (incremental = false) => search.findNext(words, { incremental, decorations: DECORATIONS });
  const previous = () => search.findPrevious(words, { decorations: DECORATIONS });
  useEffect(() => {
    if (words === "") search.clearDecorations();
    else next(true);
  }, [words]);
  const close = () => {
    onClose();
  };
  return (
    <div class="terminal-search" role="search" aria-label="Search the terminal">
      <input
        ref={field}
        class="input"
        type="text"
        value={words}
        placeholder="Search"
        aria-label="Search the terminal"
        spellcheck={false}
        onInput={(event) => setWords(event.currentTarget.value)}
        onKeyDown={(event) => {
          if (event.key === "Escape") close();
          else if (event.key === "Enter" && words !== "") event.shiftKey ? previous() : next();
          else return;
          event.preventDefault();
          event.stopPropagation();
        }}
      />
      <span class="count" role="status">
        {words === "" ? "" : found.count === 0 ? "none" : found.at < 0 ? `${found.count}` : `${found.at + 1} of ${found.count}`}
      </span>
      <IconButton name="The one before" keys="Shift+Enter" disabled={words === ""} onClick={previous}>
        <UpIcon />
      </IconButton>
      <IconButton name="The next one" keys="Enter" disabled={words === ""} onClick={() => next()}>
        <DownIcon />
      </IconButton>
      <IconButton name="Close the search" keys="Esc" onClick={close}>
        <CloseIcon />
      </IconButton>
    </div>
  );
}
