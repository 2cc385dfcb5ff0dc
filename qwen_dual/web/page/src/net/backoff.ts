/** How long to wait before a connection is tried again: 0.5 s, doubling up to 15 s, each scattered by half. */
export function backoff(attempt: number, random: number): number {
  const longest = Math.min(15_000, 500 * 2 ** Math.min(attempt, 10));
  // Scattered, so that the pages of one server do not all come back in the same instant.
  return Math.round(longest * (0.5 + random / 2));
}
