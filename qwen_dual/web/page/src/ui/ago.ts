const STEPS = [
  [60, "s"],
  [60, "min"],
  [24, "h"],
  [Number.POSITIVE_INFINITY, "d"],
] as const;

/** How long ago a time (seconds since 1970) was: `just now`, `5 min ago`, `3 h ago`, `12 d ago`. */
export function ago(time: number, now = Date.now() / 1000): string {
  let amount = Math.max(0, now - time);
  if (amount < 10) return "just now";
  for (const [size, unit] of STEPS) {
    if (amount < size) return `${Math.floor(amount)} ${unit} ago`;
    amount /= size;
  }
  return "";
}
