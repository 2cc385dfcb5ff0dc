import type { ComponentChildren } from "preact";
import { useId, useLayoutEffect, useRef } from "preact/hooks";

import { IconButton } from "./button";
import { CloseIcon } from "./icons";

export interface DialogProps {
  title: string;
  wide?: boolean;
  onClose(): void;
  children: ComponentChildren;
}

/**
 * A modal dialog: the browser keeps the focus inside and all else inert; Esc and the backdrop close it, and the
 * focus goes back to where it was. The first element with `data-autofocus` has the focus at first.
 */
export function Dialog({ title, wide, onClose, children }: DialogProps) {
  const dialog = useRef<HTMLDialogElement>(null);
  const id = useId();
  // Before the next key, which is meant for it.
  useLayoutEffect(() => {
    const element = dialog.current;
    if (element === null) return;
    const before = document.activeElement;
    element.showModal();
    element.querySelector<HTMLElement>("[data-autofocus]")?.focus();
    return () => {
      element.close();
      if (before instanceof HTMLElement && before.isConnected) before.focus();
    };
  }, []);
  return (
    <dialog
      ref={dialog}
      class={`dialog ${wide ? "wide" : ""}`}
      aria-labelledby={id}
      onCancel={(event) => {
        event.preventDefault();
        onClose();
      }}
      onMouseDown={(event) => {
        if (event.target === dialog.current) onClose();
      }}
      onKeyDown={(event) => {
        // Keys of a dialog are no shortcuts of the page behind it.
        event.stopPropagation();
      }}
    >
      <header>
        <h2 id={id}>{title}</h2>
        <IconButton name="Close" keys="Esc" onClick={onClose}>
          <CloseIcon />
        </IconButton>
      </header>
      <div class="body">{children}</div>
    </dialog>
  );
}
