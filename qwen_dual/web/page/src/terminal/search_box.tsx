import type { SearchAddon } from "@xterm/addon-search";
import { useEffect, useState } from "preact/hooks";

import { SearchBar } from "../ui/search_bar";

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
  useEffect(() => {
    const heard = search.onDidChangeResults(({ resultIndex, resultCount }) =>
      setFound({ at: resultIndex, count: resultCount }),
    );
    return () => {
      heard.dispose();
      search.clearDecorations();
    };
  }, [search]);
  const next = (incremental = false) => search.findNext(words, { incremental, decorations: DECORATIONS });
  useEffect(() => {
    if (words === "") search.clearDecorations();
    else next(true);
  }, [words]);
  const { at, count } = found;
  return (
    <SearchBar
      name="Search the terminal"
      words={words}
      told={words === "" ? "" : count === 0 ? "none" : at < 0 ? `${count}` : `${at + 1} of ${count}`}
      onWords={setWords}
      onNext={() => void next()}
      onPrevious={() => void search.findPrevious(words, { decorations: DECORATIONS })}
      onClose={onClose}
    />
  );
}
