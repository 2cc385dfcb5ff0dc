import { Component, type ComponentChild, createRef } from "preact";

import { Heights } from "./heights";

export interface Row {
  readonly key: number;
  readonly seq: number;
}

export interface RowsProps<R extends Row> {
  /** May be the same list with other rows in it: of these, the first `same` are where they were. */
  rows: readonly R[];
  same: number;
  name: string;
  /** About how high a row is that has not been shown yet. */
  estimate(row: R): number;
  nameOf(row: R): string;
  classOf(row: R): string;
  draw(row: R): ComponentChild;
  /** Told whether the reader is at the end, and how many rows came since they are not. */
  onPlace(atEnd: boolean, behind: number): void;
  onChosen?: ((row: R) => void) | undefined;
  /** Where whoever shows the list finds it, to lead it somewhere. */
  handle: { current: Rows<R> | null };
}

/** A row that is led to: for so many frames still, and what had the focus when that was asked for. */
interface Sought {
  key: number;
  frames: number;
  within: ((row: HTMLElement) => number) | null;
  before: Element | null;
}

/** What is drawn above and below what can be seen. */
const MARGIN = 800;
/** So near to the end it counts as there. */
const NEAR = 48;
/** Keys by which the browser scrolls. */
const SCROLLS = new Set(["ArrowUp", "ArrowDown", "PageUp", "PageDown", "Home", " "]);
/** Frames in which rows that become visible may still shift the one that is looked for. */
const SETTLING = 12;

/**
 * A long list of which only what can be seen is drawn, so that tens of thousands of rows cost no more than ten.
 *
 * It stays at its end as long as the reader is there, and where the reader is as long as they are not.
 */
export class Rows<R extends Row> extends Component<RowsProps<R>> {
  private readonly scroller = createRef<HTMLDivElement>();
  private readonly list = createRef<HTMLDivElement>();
  private readonly heights = new Heights();
  private readonly measured = new Map<number, number>();
  private keys: number[] = [];
  private observer: ResizeObserver | null = null;
  private observed = new Set<Element>();
  private atEnd = true;
  private seen = 0;
  private sought: Sought | null = null;
  private frame = 0;
  private lastTop = 0;
  private first = 0;
  private last = -1;

  override componentDidMount(): void {
    this.props.handle.current = this;
    this.observer = new ResizeObserver((entries) => this.resized(entries));
    if (this.scroller.current) this.observer.observe(this.scroller.current);
    this.componentDidUpdate();
    this.later();
  }

  override componentWillUnmount(): void {
    this.props.handle.current = null;
    this.observer?.disconnect();
    cancelAnimationFrame(this.frame);
  }

  override componentDidUpdate(): void {
    const now = new Set<Element>(this.list.current?.children);
    for (const element of this.observed) if (!now.has(element)) this.observer?.unobserve(element);
    for (const element of now) if (!this.observed.has(element)) this.observer?.observe(element);
    this.observed = now;
    this.place();
  }

  /** Goes to the newest and stays there. */
  toEnd(): void {
    this.sought = null;
    this.atEnd = true;
    this.place();
    this.later();
  }

  /**
   * Shows a row and gives it the focus; with `within` it keeps its focus where it is, and shows what of the row
   * that says: so many pixels below its top.
   */
  seek(key: number, within: ((row: HTMLElement) => number) | null = null): void {
    this.atEnd = false;
    this.sought = { key, frames: SETTLING, within, before: document.activeElement };
    this.later();
  }

  /** Gives the list the focus. */
  focus(): void {
    this.scroller.current?.focus({ preventScroll: true });
  }

  /** The element in which the rows are that are drawn. */
  get drawn(): HTMLElement | null {
    return this.list.current;
  }

  /** Leads to the next row, or the one before, of those for which this holds. */
  step(by: 1 | -1, holds: (row: R) => boolean): void {
    const { rows } = this.props;
    const focused = document.activeElement?.closest<HTMLElement>("[data-key]");
    // Keys may come faster than rows are shown and have the focus.
    const key = this.sought?.within === null ? this.sought.key : focused ? Number(focused.dataset["key"]) : null;
    const from = key !== null ? this.keys.indexOf(key) : rows.indexOf(this.top as R) - (by > 0 ? 1 : 0);
    for (let at = from + by; at >= 0 && at < rows.length; at += by) {
      const row = rows[at] as R;
      if (holds(row)) return this.seek(row.key);
    }
    if (by > 0) this.toEnd();
  }

  /** Something is about to become higher or lower by the reader's own doing: it stays where it is. */
  hold(): void {
    this.atEnd = false;
    requestAnimationFrame(() =>
      requestAnimationFrame(() => {
        this.atEnd = this.isNear;
        this.tell();
      }),
    );
  }

  private get isNear(): boolean {
    const scroller = this.scroller.current;
    return !scroller || scroller.scrollHeight - scroller.scrollTop - scroller.clientHeight < NEAR;
  }

  /** The row that is at the top of what can be seen. */
  get top(): R | undefined {
    return this.props.rows[this.heights.at((this.scroller.current?.scrollTop ?? 0) + 1)];
  }

  override render({ rows, same, name, nameOf, classOf, draw, onChosen }: RowsProps<R>) {
    this.count(rows, same);
    const scroller = this.scroller.current;
    const height = scroller?.clientHeight || 800;
    const total = this.heights.sum(rows.length);
    const top = this.atEnd ? Math.max(0, total - height) : (scroller?.scrollTop ?? 0);
    this.first = this.heights.at(Math.max(0, top - MARGIN));
    this.last = rows.length === 0 ? -1 : this.heights.at(top + height + MARGIN);
    const before = this.heights.sum(this.first);
    const after = total - this.heights.sum(this.last + 1);
    return (
      <div
        class="rows"
        ref={this.scroller}
        tabIndex={0}
        data-part-focus=""
        role="region"
        aria-label={name}
        onScroll={this.scrolled}
        onWheel={this.moved}
        onPointerDown={this.moved}
        onKeyDown={(event) => SCROLLS.has(event.key) && this.moved()}
      >
        <div style={{ height: `${before}px` }} />
        <div ref={this.list} {...(this.props.rows.length > 0 ? { role: "feed", "aria-label": "Messages" } : {})}>
          {rows.slice(this.first, this.last + 1).map((row, index) => (
            <article
              key={row.key}
              class={`row ${classOf(row)}`}
              data-key={row.key}
              data-seq={row.seq || undefined}
              tabIndex={-1}
              aria-label={nameOf(row)}
              aria-posinset={this.first + index + 1}
              aria-setsize={rows.length}
              onClick={onChosen && (() => onChosen(row))}
            >
              {draw(row)}
            </article>
          ))}
        </div>
        <div style={{ height: `${Math.max(0, after)}px` }} />
      </div>
    );
  }

  /** Brings the heights in line with the rows: those that stand where they stood keep theirs. */
  private count(rows: readonly R[], unchanged: number): void {
    let same = Math.min(unchanged, this.keys.length);
    while (same < rows.length && same < this.keys.length && rows[same]?.key === this.keys[same]) same += 1;
    if (same === rows.length && same === this.keys.length) return;
    this.keys.length = same;
    this.heights.truncate(same);
    for (let at = same; at < rows.length; at += 1) {
      const row = rows[at] as R;
      this.keys.push(row.key);
      this.heights.push(this.measured.get(row.key) ?? this.props.estimate(row));
    }
  }

  private readonly scrolled = (): void => {
    const scroller = this.scroller.current;
    if (!scroller) return;
    const { scrollTop, clientHeight } = scroller;
    // What grows below does not take the reader from the end: only they go up.
    if (this.isNear) this.atEnd = this.sought === null;
    else if (scrollTop < this.lastTop - 1) this.atEnd = false;
    this.lastTop = scrollTop;
    this.tell();
    const first = this.heights.at(Math.max(0, scrollTop - MARGIN / 2));
    const last = this.heights.at(scrollTop + clientHeight + MARGIN / 2);
    if (first < this.first || last > this.last) this.setState({});
  };

  private readonly moved = (): void => {
    this.sought = null;
  };

  private resized(entries: readonly ResizeObserverEntry[]): void {
    const scroller = this.scroller.current;
    if (!scroller) return;
    let shift = 0;
    const anchor = this.heights.at(scroller.scrollTop);
    for (const entry of entries) {
      if (!(entry.target instanceof HTMLElement) || entry.target === scroller) continue;
      const height = entry.borderBoxSize[0]?.blockSize ?? 0;
      const index = this.indexOf(Number(entry.target.dataset["key"]));
      if (index < 0 || !entry.target.isConnected) continue;
      if (index < anchor) shift += height - this.heights.get(index);
      this.measured.set(this.keys[index] as number, height);
      this.heights.set(index, height);
    }
    if (!this.atEnd && !this.sought && shift !== 0) scroller.scrollTop += shift;
    this.place();
    this.later();
  }

  private indexOf(key: number): number {
    for (let at = this.first; at <= this.last; at += 1) if (this.keys[at] === key) return at;
    return this.keys.indexOf(key);
  }

  /** Keeps the place that the reader has, or asked for. */
  private place(): void {
    const scroller = this.scroller.current;
    if (!scroller) return;
    if (this.sought) {
      const index = this.keys.indexOf(this.sought.key);
      const row = this.sought.within && this.rowOf(this.sought.key);
      const below = row ? (this.sought.within?.(row) ?? 0) : 0;
      // What lies deep in a long row is shown with some lines before it.
      const from = below > scroller.clientHeight / 2 ? below - scroller.clientHeight / 3 : 0;
      if (index >= 0) scroller.scrollTop = Math.max(0, this.heights.sum(index) - 24 + from);
    } else if (this.atEnd) {
      scroller.scrollTop = scroller.scrollHeight;
    }
    this.tell();
  }

  private tell(): void {
    const count = this.keys.length;
    if (this.atEnd) this.seen = count;
    this.props.onPlace(this.atEnd, Math.max(0, count - this.seen));
  }

  /** Draws again in the next frame, once however often it is asked for. */
  private later(): void {
    if (this.frame) return;
    this.frame = requestAnimationFrame(() => {
      this.frame = 0;
      if (this.sought) {
        this.place();
        this.sought.frames -= 1;
        if (this.sought.frames <= 0) this.found(this.sought);
        else this.later();
      }
      this.setState({});
    });
  }

  private rowOf(key: number): HTMLElement | null {
    return this.list.current?.querySelector<HTMLElement>(`:scope > [data-key="${key}"]`) ?? null;
  }

  private found({ key, within, before }: Sought): void {
    this.sought = null;
    const row = this.rowOf(key);
    // Who has begun to write elsewhere meanwhile goes on there.
    const now = document.activeElement;
    const writes = now !== before && now?.matches("input, textarea, select");
    if (within === null && !writes) row?.focus({ preventScroll: true });
    row?.classList.add("is-found");
    setTimeout(() => row?.classList.remove("is-found"), 1_500);
  }
}
