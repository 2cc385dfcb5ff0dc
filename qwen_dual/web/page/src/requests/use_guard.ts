import { type ReadonlySignal, useSignal } from "@preact/signals";
import type { RefObject } from "preact";
import { useEffect, useMemo, useRef } from "preact/hooks";
import { KeyGuard } from "./key_guard";

/** A guard of which the page shows whether a click counts by now. */
export type ShownGuard = KeyGuard & { readonly ready: ReadonlySignal<boolean> };

/**
 * A guard for what is shown in `place`: it is told of every key, and of when the place is seen.
 *
 * @param id what is asked: with another one it begins anew.
 * @param onKey looks at a key that was typed anywhere, after the guard was told of it.
 */
export function useGuard(place: RefObject<HTMLElement | null>, id: string, onKey: (event: KeyboardEvent) => void): ShownGuard {
  const ready = useSignal(false);
  const guard = useMemo(() => Object.assign(new KeyGuard(), { ready }), [id]);
  const handler = useRef(onKey);
  handler.current = onKey;
  useEffect(() => {
    const element = place.current;
    if (element === null) return;
    let inView = false;
    let timer: ReturnType<typeof setTimeout> | undefined;
    let readyTimer: ReturnType<typeof setTimeout> | undefined;
    /** Marks the place once keys count in it, for whoever looks at it. */
    const arm = (): void => {
      clearTimeout(timer);
      delete element.dataset["armed"];
      const { opens } = guard;
      if (opens === null) return;
      timer = setTimeout(() => (element.dataset["armed"] = ""), opens - performance.now());
    };
    const look = (): void => {
      guard.shown(inView && document.visibilityState === "visible" ? performance.now() : null);
      clearTimeout(readyTimer);
      const opens = guard.opensToClicks;
      ready.value = opens !== null && guard.takesClick(performance.now());
      if (opens !== null && !ready.peek()) readyTimer = setTimeout(() => (ready.value = true), opens - performance.now());
      arm();
    };
    const watcher = new IntersectionObserver((changes) => {
      inView = changes.at(-1)?.isIntersecting ?? false;
      look();
    });
    watcher.observe(element);
    const pressed = (event: KeyboardEvent): void => {
      if (["Shift", "Control", "Alt", "Meta"].includes(event.key)) return;
      guard.typed(performance.now());
      arm();
      handler.current(event);
    };
    // What is typed on glass may come without a key.
    const written = (event: Event): void => {
      if ((event as InputEvent).inputType === "insertLineBreak") return;
      guard.typed(performance.now());
      arm();
    };
    document.addEventListener("visibilitychange", look);
    window.addEventListener("keydown", pressed, true);
    window.addEventListener("beforeinput", written, true);
    return () => {
      clearTimeout(timer);
      clearTimeout(readyTimer);
      watcher.disconnect();
      document.removeEventListener("visibilitychange", look);
      window.removeEventListener("keydown", pressed, true);
      window.removeEventListener("beforeinput", written, true);
    };
  }, [guard, place]);
  return guard;
}
