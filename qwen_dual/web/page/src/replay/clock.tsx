import { signal } from "@preact/signals";

import { Button } from "../ui/button";

/** What shows a recording at its pace: the player of a terminal, or a clock where there is none. */
export interface Showing {
  now(): number;
  seek(seconds: number): void;
}

/** A clock that runs from 0 to the end, stops, and is set. */
export class Clock implements Showing {
  readonly playing = signal(false);
  readonly moment = signal(0);
  private since = 0;
  private from = 0;

  constructor(readonly duration: number) {}

  now(): number {
    if (!this.playing.peek()) return this.moment.peek();
    const moment = Math.min(this.duration, this.from + (performance.now() - this.since) / 1000);
    this.moment.value = moment;
    if (moment >= this.duration) this.playing.value = false;
    return moment;
  }

  seek(seconds: number): void {
    this.from = this.moment.value = Math.max(0, Math.min(this.duration, seconds));
    this.since = performance.now();
  }

  toggle(): void {
    if (!this.playing.peek() && this.moment.peek() >= this.duration) this.seek(0);
    else this.seek(this.now());
    this.playing.value = !this.playing.peek();
  }
}

export function ClockBar({ clock }: { clock: Clock }) {
  return (
    <div class="clock-bar">
      <Button onClick={() => clock.toggle()}>{clock.playing.value ? "Stop" : "Play"}</Button>
      <input
        type="range"
        aria-label="Moment"
        aria-valuetext={clockText(clock.moment.value)}
        min={0}
        max={clock.duration}
        step={0.1}
        value={clock.moment.value}
        onInput={(event) => clock.seek(Number(event.currentTarget.value))}
      />
      <span class="quiet">
        {clockText(clock.moment.value)} / {clockText(clock.duration)}
      </span>
    </div>
  );
}

export function clockText(seconds: number): string {
  const whole = Math.floor(seconds);
  return `${Math.floor(whole / 60)}:${String(whole % 60).padStart(2, "0")}`;
}
