/** Heights of many rows, of which one changes at a time: sums and searches take logarithmic time. */
export class Heights {
  private readonly values: number[] = [];
  /** A Fenwick tree; counts from 1. */
  private tree: number[] = [0];

  get length(): number {
    return this.values.length;
  }

  get(index: number): number {
    return this.values[index] ?? 0;
  }

  push(height: number): void {
    this.values.push(height);
    const at = this.values.length;
    let sum = height;
    for (let below = 1; below < (at & -at); below <<= 1) sum += this.tree[at - below] ?? 0;
    this.tree[at] = sum;
  }

  set(index: number, height: number): void {
    const change = height - this.get(index);
    if (change === 0) return;
    this.values[index] = height;
    for (let at = index + 1; at <= this.length; at += at & -at) this.tree[at] = (this.tree[at] ?? 0) + change;
  }

  /** Keeps the first rows alone. */
  truncate(length: number): void {
    this.values.length = Math.min(length, this.length);
    this.tree.length = this.values.length + 1;
  }

  /** The height of the first rows together. */
  sum(count: number): number {
    let sum = 0;
    for (let at = Math.min(count, this.length); at > 0; at -= at & -at) sum += this.tree[at] ?? 0;
    return sum;
  }

  /** The row in which this offset lies; the last one for what lies behind it. */
  at(offset: number): number {
    let index = 0;
    let left = offset;
    let step = 1;
    while (step * 2 <= this.length) step *= 2;
    for (; step > 0; step >>= 1) {
      const next = index + step;
      if (next <= this.length && (this.tree[next] ?? 0) <= left) {
        index = next;
        left -= this.tree[next] ?? 0;
      }
    }
    return Math.max(0, Math.min(index, this.length - 1));
  }
}
