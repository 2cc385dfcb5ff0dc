export interface Size {
  columns: number;
  rows: number;
}

/** The smallest letters that a foreign size is shown in. */
const LEAST_FONT = 5;

/**
 * The size of letters at which a terminal of somebody else's size fits into this page: the page's own, or smaller.
 *
 * @param room what fits at the page's own size of letters
 */
export function letterboxFont(own: number, room: Size, size: Size): number {
  const ratio = Math.min(1, room.columns / size.columns, room.rows / size.rows);
  return Math.max(LEAST_FONT, Math.floor(own * ratio * 2) / 2);
}
