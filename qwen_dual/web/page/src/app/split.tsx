import type { ComponentChildren } from "preact";
import { useRef } from "preact/hooks";

import { share } from "./preferences";

const STEP = 0.02;
const clamp = (value: number) => Math.min(0.8, Math.max(0.2, value));

/** Two panes side by side with a divider that the pointer, the arrows, Home and End move. */
export function Split({ left, right }: { left: ComponentChildren; right: ComponentChildren }) {
  const box = useRef<HTMLDivElement>(null);
  const moveTo = (x: number) => {
    const { left: from, width } = box.current!.getBoundingClientRect();
    share.value = clamp((x - from) / width);
  };
  const percent = Math.round(share.value * 100);
  return (
    <div class="split" ref={box} style={{ "--share": `${share.value * 100}%` }}>
      <div class="pane">{left}</div>
      <div
        class="divider"
        role="separator"
        tabIndex={0}
        aria-label="Width of the chat"
        aria-orientation="vertical"
        aria-valuenow={percent}
        aria-valuemin={20}
        aria-valuemax={80}
        onPointerDown={(event) => {
          event.preventDefault();
          event.currentTarget.setPointerCapture(event.pointerId);
        }}
        onPointerMove={(event) => {
          if (event.currentTarget.hasPointerCapture(event.pointerId)) moveTo(event.clientX);
        }}
        onDblClick={() => (share.value = 0.5)}
        onKeyDown={(event) => {
          const to = {
            ArrowLeft: share.value - STEP,
            ArrowRight: share.value + STEP,
            Home: 0.2,
            End: 0.8,
            Enter: 0.5,
          }[event.key];
          if (to === undefined) return;
          event.preventDefault();
          share.value = clamp(to);
        }}
      />
      <div class="pane">{right}</div>
    </div>
  );
}
