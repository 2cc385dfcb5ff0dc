/** Marks words where they stand in the page, without changing it: the CSS Custom Highlight API, where there is one. */

const ALL = "searched";
const NOW = "searched-now";

/** Keeps the marks in what is drawn true while that changes. */
export class Highlights {
  #pattern: RegExp | null = null;
  #now: number | null = null;
  #frame = 0;
  readonly #observer: MutationObserver;

  constructor(private readonly root: HTMLElement) {
    this.#observer = new MutationObserver(() => this.#later());
    this.#observer.observe(root, { subtree: true, childList: true, characterData: true });
  }

  /** Marks what `pattern` finds; what of it is in the row `now` another way. */
  show(pattern: RegExp | null, now: number | null): void {
    this.#pattern = pattern;
    this.#now = now;
    this.#later();
  }

  close(): void {
    this.#observer.disconnect();
    cancelAnimationFrame(this.#frame);
    CSS.highlights?.delete(ALL);
    CSS.highlights?.delete(NOW);
  }

  #later(): void {
    cancelAnimationFrame(this.#frame);
    this.#frame = requestAnimationFrame(() => this.#mark());
  }

  #mark(): void {
    if (CSS.highlights === undefined) return;
    const [all, now] = [new Highlight(), new Highlight()];
    for (const range of this.#pattern === null ? [] : rangesIn(this.root, this.#pattern)) {
      const row = range.startContainer.parentElement?.closest<HTMLElement>("[data-key]");
      (row?.dataset["key"] === String(this.#now) ? now : all).add(range);
    }
    now.priority = 1;
    CSS.highlights.set(ALL, all);
    CSS.highlights.set(NOW, now);
  }
}

/** Where a row has the first of what is found, in pixels below its top; 0 where it is not to be seen. */
export function depthIn(row: HTMLElement, pattern: RegExp): number {
  const [first] = rangesIn(row, pattern);
  return first === undefined ? 0 : first.getBoundingClientRect().top - row.getBoundingClientRect().top;
}

function* rangesIn(root: HTMLElement, pattern: RegExp): Generator<Range> {
  const walker = document.createTreeWalker(root, NodeFilter.SHOW_TEXT, (node) =>
    node.parentElement?.closest(".unseen, [aria-hidden=true]") ? NodeFilter.FILTER_REJECT : NodeFilter.FILTER_ACCEPT,
  );
  while (walker.nextNode()) {
    const node = walker.currentNode as Text;
    for (const found of node.data.matchAll(pattern)) {
      const range = new Range();
      range.setStart(node, found.index);
      range.setEnd(node, found.index + found[0].length);
      yield range;
    }
  }
}
