/** The conversation at each moment of a recording, forwards and backwards. */

import { apply, begin } from "../conversation/apply";
import type { Conversation, Entry } from "../conversation/types";
import { countUpTo, type Recorded } from "./recording";

/** From the beginning to the end it takes so many steps to go back to. */
const STEPS = 200;
const LEAST = 64;

export class Timeline {
  private readonly step: number;
  /** What had been told after so many steps. */
  private readonly kept: Conversation[] = [begin()];
  private current: { count: number; conversation: Conversation } = { count: 0, conversation: begin() };
  private readonly places = new Map<number, number>();

  constructor(private readonly recorded: Pick<Recorded, "events" | "times">) {
    this.step = Math.max(LEAST, Math.ceil(recorded.events.length / STEPS));
    recorded.events.forEach(({ seq }, index) => {
      if (seq !== undefined && !this.places.has(seq)) this.places.set(seq, index);
    });
  }

  /** What had been told by then. */
  at(moment: number): Conversation {
    return this.after(countUpTo(this.recorded.times, moment));
  }

  /** What the first events had told. */
  after(count: number): Conversation {
    const { events } = this.recorded;
    const wanted = Math.max(0, Math.min(count, events.length));
    const reachable = Math.min(Math.floor(wanted / this.step), this.kept.length - 1);
    let done = reachable * this.step;
    let conversation = this.kept[reachable] as Conversation;
    if (this.current.count <= wanted && this.current.count > done) ({ count: done, conversation } = this.current);
    while (done < wanted) {
      const next = Math.min(wanted, (Math.floor(done / this.step) + 1) * this.step);
      conversation = apply(conversation, events.slice(done, next));
      done = next;
      if (done % this.step === 0 && this.kept.length === done / this.step) this.kept.push(conversation);
    }
    this.current = { count: done, conversation };
    return conversation;
  }

  /** When what an entry shows began; null for one of no event. */
  momentOf(entry: Entry): number | null {
    const seq = entry.kind === "tool" ? entry.began : entry.seq;
    const index = this.places.get(seq);
    return index === undefined ? null : (this.recorded.times[index] ?? null);
  }
}
