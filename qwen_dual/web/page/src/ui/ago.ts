const STEPS = [
  [60, "s"],
  [60, "min"],
  [24, "h"],
  [Number.POSITIVE_INFINITY, "d"],
] as const;

/** How long ago a time (seconds since 1970) was: `now`, `5 min`, `3 h`, `12 d`. */
export function ago(time: number, now = Date.now() / 1000): string {
  let amount = Math.max(0, now - time);
  if (amount < 10) return "now";
  for (const [size, unit] of STEPS) {
    if (amount < size) return `${Math.floor(amount)} ${unit}`;
    amount /= size;
  }
  return "";
}
