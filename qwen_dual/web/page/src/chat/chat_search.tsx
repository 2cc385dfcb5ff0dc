import type { ReadonlySignal } from "@preact/signals";
import { useEffect, useMemo, useRef, useState } from "preact/hooks";

import type { Conversation, Entry } from "../conversation/types";
import { SearchBar } from "../ui/search_bar";
import { depthIn, Highlights } from "./highlights";
import type { Rows } from "./rows";
import { foldsOf, patternOf, Search } from "./search";
import type { View } from "./view";

interface ChatSearchProps {
  conversation: ReadonlySignal<Conversation>;
  view: View;
  /** What is shown, all of it. */
  shown: readonly Entry[];
  rows: { current: Rows<Entry> | null };
  onClose(): void;
}

/** Looks for words in all that was said and done, of which only what can be seen is in the page. */
export function ChatSearch({ conversation, view, shown, rows, onClose }: ChatSearchProps) {
  const [words, setWords] = useState("");
  const [now, setNow] = useState<number | null>(null);
  const search = useMemo(() => new Search(), []);
  const highlights = useRef<Highlights | null>(null);
  const pattern = useMemo(() => patternOf(words), [words]);
  const told = conversation.value;
  const found = useMemo(() => (pattern === null ? [] : search.find(pattern, shown, told)), [pattern, told]);
  useEffect(() => {
    const root = rows.current?.drawn;
    if (root) highlights.current = new Highlights(root);
    return () => highlights.current?.close();
  }, []);
  useEffect(() => highlights.current?.show(pattern, now), [pattern, now]);
  const at = found.findIndex((entry) => entry.key === now);
  const show = (entry: Entry | undefined): void => {
    setNow(entry?.key ?? null);
    if (entry === undefined || pattern === null) return;
    for (const fold of foldsOf(entry)) view.folds.of(fold, true).value = true;
    rows.current?.seek(entry.key, (row) => depthIn(row, pattern));
  };
  // What is found first is the latest: that is where the reader is.
  useEffect(() => show(found.at(-1)), [pattern]);
  const step = (by: 1 | -1): void => {
    const from = at < 0 ? (by > 0 ? -1 : 0) : at;
    show(found[(from + by + found.length) % found.length]);
  };
  return (
    <SearchBar
      name="Search the chat"
      words={words}
      told={words === "" ? "" : found.length === 0 ? "none" : at < 0 ? `${found.length}` : `${at + 1} of ${found.length}`}
      onWords={setWords}
      onNext={() => step(1)}
      onPrevious={() => step(-1)}
      onClose={onClose}
    />
  );
}
