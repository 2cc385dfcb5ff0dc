import { type Signal, useSignal } from "@preact/signals";
import type { ComponentChildren } from "preact";
import { useEffect, useId, useLayoutEffect, useRef } from "preact/hooks";

import { Button } from "./button";

export interface MenuItem {
  label: string;
  icon?: ComponentChildren;
  /** Beside the label: a key, a value. */
  detail?: string;
  /** One of several of which one holds, or a switch. */
  checked?: boolean;
  disabled?: boolean;
  run(): void;
}

export interface MenuProps {
  /** What is read of the button. */
  name: string;
  /** What is seen of it. */
  children: ComponentChildren;
  items: (MenuItem | "line")[];
  look?: "icon" | "plain" | "";
  /** The edge of the button that the list keeps to. */
  side?: "left" | "right";
  /** Whether it is open, where something else may open it too. */
  opened?: Signal<boolean>;
}

/** A button with a menu: arrows, Home, End and first letters move in it, Esc and a click elsewhere close it. */
export function Menu({ name, children, items, look = "icon", side = "left", opened }: MenuProps) {
  const own = useSignal(false);
  const state = opened ?? own;
  const open = state.value;
  const setOpen = (now: boolean): void => {
    state.value = now;
  };
  const root = useRef<HTMLDivElement>(null);
  const list = useRef<HTMLDivElement>(null);
  const id = useId();
  useLayoutEffect(() => {
    const [box, element] = [root.current, list.current];
    if (!open || box === null || element === null) return;
    place(element, box.getBoundingClientRect(), side);
    element.querySelector<HTMLElement>("[aria-checked=true], .item")?.focus();
  }, [open, side]);
  useEffect(() => {
    if (!open) return;
    const elsewhere = (event: Event) => {
      if (!root.current?.contains(event.target as Node)) setOpen(false);
    };
    document.addEventListener("pointerdown", elsewhere, true);
    document.addEventListener("focusin", elsewhere);
    // On glass the keyboard goes as the menu takes the focus, and the window grows.
    const moved = () => list.current && root.current && place(list.current, root.current.getBoundingClientRect(), side);
    window.addEventListener("resize", moved);
    return () => {
      document.removeEventListener("pointerdown", elsewhere, true);
      document.removeEventListener("focusin", elsewhere);
      window.removeEventListener("resize", moved);
    };
  }, [open]);
  const close = () => {
    setOpen(false);
    root.current?.querySelector("button")?.focus();
  };
  return (
    <div class="menu" ref={root}>
      <Button
        class={look}
        aria-label={name}
        title={name}
        aria-haspopup="menu"
        aria-expanded={open}
        aria-controls={open ? id : undefined}
        onClick={() => setOpen(!open)}
        onKeyDown={(event) => {
          if (event.key === "ArrowDown" && !open) {
            event.preventDefault();
            setOpen(true);
          }
        }}
      >
        {children}
      </Button>
      {open && (
        <div class="items" id={id} role="menu" aria-label={name} ref={list} onKeyDown={(event) => move(event, close)}>
          {items.map((item, index) =>
            item === "line" ? (
              <hr key={index} role="separator" />
            ) : (
              <button
                key={index}
                type="button"
                class="item"
                tabIndex={-1}
                role={item.checked === undefined ? "menuitem" : "menuitemcheckbox"}
                aria-checked={item.checked}
                aria-disabled={item.disabled}
                onClick={() => {
                  if (item.disabled) return;
                  close();
                  item.run();
                }}
              >
                {item.icon}
                <span>{item.label}</span>
                <span class="detail">{item.detail ?? (item.checked ? "✓" : "")}</span>
              </button>
            ),
          )}
        </div>
      )}
    </div>
  );
}

function place(list: HTMLElement, box: DOMRect, side: "left" | "right"): void {
  list.style.left = "0"; // as wide as it likes to be, wherever it is to stand
  const { offsetWidth: width, offsetHeight: height } = list;
  const left = side === "left" ? box.left : box.right - width;
  const below = box.bottom + 4 + height <= window.innerHeight || box.top < height;
  list.style.left = `${Math.max(8, Math.min(left, window.innerWidth - width - 8))}px`;
  list.style.top = `${below ? box.bottom + 4 : box.top - height - 4}px`;
}

function move(event: KeyboardEvent, close: () => void): void {
  const list = event.currentTarget as HTMLElement;
  const items = [...list.querySelectorAll<HTMLElement>(".item")];
  const at = items.indexOf(document.activeElement as HTMLElement);
  const letter = event.key.length === 1 ? event.key.toLowerCase() : null;
  let to: number;
  if (event.key === "ArrowDown") to = (at + 1) % items.length;
  else if (event.key === "ArrowUp") to = (at - 1 + items.length) % items.length;
  else if (event.key === "Home") to = 0;
  else if (event.key === "End") to = items.length - 1;
  else if (event.key === "Escape" || event.key === "Tab") {
    event.preventDefault();
    event.stopPropagation();
    return close();
  } else if (letter !== null && letter !== " " && !event.ctrlKey && !event.metaKey && !event.altKey) {
    const order = [...items.slice(at + 1), ...items.slice(0, at + 1)];
    const found = order.find((item) => item.textContent.trim().toLowerCase().startsWith(letter));
    if (found === undefined) return;
    to = items.indexOf(found);
  } else return;
  event.preventDefault();
  event.stopPropagation();
  items[to]?.focus();
}
