import { useLayoutEffect, useRef } from "preact/hooks";

import { IconButton } from "./button";
import { composing } from "./composing";
import { CloseIcon, DownIcon, UpIcon } from "./icons";

export interface SearchBarProps {
  /** What is searched, for who listens: `Search the chat`. */
  name: string;
  words: string;
  /** How many were found, which of them is shown. */
  told: string;
  onWords(words: string): void;
  onNext(): void;
  onPrevious(): void;
  onClose(): void;
}

/** A line to search by: Enter and Shift+Enter lead on and back, Esc closes it. */
export function SearchBar({ name, words, told, onWords, onNext, onPrevious, onClose }: SearchBarProps) {
  const field = useRef<HTMLInputElement>(null);
  // Before anything else happens: the next key is meant for it.
  useLayoutEffect(() => {
    field.current?.focus();
    field.current?.select();
  }, []);
  return (
    <div class="search-bar" role="search" aria-label={name}>
      <input
        ref={field}
        class="input"
        type="text"
        value={words}
        placeholder="Search"
        aria-label={name}
        spellcheck={false}
        autocomplete="off"
        onInput={(event) => onWords(event.currentTarget.value)}
        onKeyDown={(event) => {
          if (composing(event)) return;
          if (event.key === "Escape") onClose();
          else if (event.key === "Enter" && words !== "") event.shiftKey ? onPrevious() : onNext();
          else return;
          event.preventDefault();
          event.stopPropagation();
        }}
      />
      <span class="count" role="status">
        {told}
      </span>
      <IconButton name="The one before" keys="Shift+Enter" disabled={words === ""} onClick={onPrevious}>
        <UpIcon />
      </IconButton>
      <IconButton name="The next one" keys="Enter" disabled={words === ""} onClick={onNext}>
        <DownIcon />
      </IconButton>
      <IconButton name="Close the search" keys="Esc" onClick={onClose}>
        <CloseIcon />
      </IconButton>
    </div>
  );
}
