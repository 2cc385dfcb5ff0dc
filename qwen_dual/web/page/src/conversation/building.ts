/** The next conversation while it is made: what is about to change is copied once, and only that. */

import type { By, Conversation, Entry, Lane, Request, ToolEntry } from "./types";

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

/** A new entry without what it gets by being added. */
export type New<E extends Entry = Entry> = E extends Entry ? Omit<E, "key"> : never;

/** A block of an answer that has begun and whose whole has not been told yet. */
export interface OpenBlock {
  readonly index: number;
  readonly kind: "text" | "thinking" | "tool_use";
  /** Of its last part, or of the call. */
  readonly key: number;
  readonly id: string;
}

/** What the reducer remembers between events. */
export interface Inner {
  readonly nextKey: number;
  /** Blocks that are not settled, by lane. */
  readonly open: ReadonlyMap<string, readonly OpenBlock[]>;
  /** Who gave which command in a browser, or answered which request: the last of them. */
  readonly names: ReadonlyMap<string, string>;
  /** The program lists its queue by itself. */
  readonly lists: boolean;
  /** The command that ran last, as long as what it says has not been told. */
  readonly commanded: string;
  /** Calls of the message that have no result yet, in a program that does not tell its state. */
  readonly calls: number;
}

const NAMES_KEPT = 500;

export class Building {
  readonly conversation: Mutable<Conversation>;
  inner: Mutable<Inner>;
  /** Deltas of one block that have not been taken yet. */
  pending: { lane: string; index: number; texts: string[] } | null = null;
  private readonly base: Conversation;

  constructor(base: Conversation) {
    this.base = base;
    this.conversation = { ...base };
    this.inner = { ...(base.inner as Inner) };
  }

  finish(): Conversation {
    return { ...this.conversation, inner: { ...this.inner } };
  }

  /** Whether the program tells its states, its queue and the ends of its turns. */
  get tellsState(): boolean {
    return this.conversation.greeting.supported_commands.length > 0;
  }

  // -- entries ----------------------------------------------------------------------------------------

  entries(lane: string): readonly Entry[] {
    return lane === "" ? this.conversation.entries : (this.conversation.lanes.get(lane)?.entries ?? []);
  }

  add<E extends Entry>(lane: string, entry: New<E>): E {
    const whole = { ...entry, key: this.inner.nextKey++ } as unknown as E;
    this.own(lane).push(whole);
    return whole;
  }

  /** Appends an entry as it is. */
  put(lane: string, entry: Entry): void {
    this.own(lane).push(entry);
  }

  insert<E extends Entry>(lane: string, index: number, entry: New<E>): E {
    const whole = { ...entry, key: this.inner.nextKey++ } as unknown as E;
    this.own(lane).splice(index, 0, whole);
    return whole;
  }

  replace(lane: string, index: number, entry: Entry): void {
    this.own(lane)[index] = entry;
  }

  remove(lane: string, begin: number, end?: number): readonly Entry[] {
    const entries = this.own(lane);
    return entries.splice(begin, (end ?? entries.length) - begin);
  }

  /** The last entry for which this holds; -1 for none. */
  last(lane: string, holds: (entry: Entry) => boolean): number {
    return this.entries(lane).findLastIndex(holds);
  }

  tool(lane: string, id: string): number {
    return this.last(lane, (entry) => entry.kind === "tool" && entry.id === id);
  }

  changeTool(lane: string, id: string, change: (tool: ToolEntry) => Partial<ToolEntry>): void {
    const index = this.tool(lane, id);
    const tool = this.entries(lane)[index];
    if (tool?.kind === "tool") this.replace(lane, index, { ...tool, ...change(tool) });
  }

  private own(lane: string): Entry[] {
    if (lane !== "") {
      const { entries } = this.lane(lane);
      const before = this.base.lanes.get(lane)?.entries;
      if (entries !== before) return entries as Entry[];
      const copy = [...entries];
      this.changeLane(lane, { entries: copy });
      return copy;
    }
    if (this.conversation.entries === this.base.entries) this.conversation.entries = [...this.base.entries];
    return this.conversation.entries as Entry[];
  }

  // -- lanes ------------------------------------------------------------------------------------------

  /** The lane of a sub-agent, which begins where it is first heard of. */
  lane(id: string): Lane {
    const known = this.conversation.lanes.get(id);
    if (known) return known;
    const lane: Lane = {
      id,
      above: "",
      name: "",
      description: "",
      entries: [],
      state: "working",
      background: false,
      calls: 0,
      tokens: 0,
    };
    this.setLane(lane);
    return lane;
  }

  changeLane(id: string, change: Partial<Lane>): void {
    this.setLane({ ...this.lane(id), ...change });
  }

  private setLane(lane: Lane): void {
    if (this.conversation.lanes === this.base.lanes) this.conversation.lanes = new Map(this.base.lanes);
    (this.conversation.lanes as Map<string, Lane>).set(lane.id, lane);
  }

  // -- blocks that come in ----------------------------------------------------------------------------

  open(lane: string): readonly OpenBlock[] {
    return this.inner.open.get(lane) ?? [];
  }

  setOpen(lane: string, blocks: readonly OpenBlock[]): void {
    const open = new Map(this.inner.open);
    if (blocks.length > 0) open.set(lane, blocks);
    else open.delete(lane);
    this.inner.open = open;
  }

  // -- who --------------------------------------------------------------------------------------------

  by(origin: string, id: string): By {
    return { origin, name: this.inner.names.get(id) ?? "" };
  }

  name(id: string, name: string): void {
    const kept = [...this.inner.names].slice(1 - NAMES_KEPT);
    this.inner.names = new Map([...kept, [id, name]]);
  }

  // -- requests ---------------------------------------------------------------------------------------

  resolve(id: string): Request | undefined {
    const request = this.conversation.requests.find((one) => one.id === id);
    if (request) this.conversation.requests = this.conversation.requests.filter((one) => one !== request);
    return request;
  }
}
