/** A QR code from its rows of `0` and `1`; dark on light in both themes, as cameras want it. */
export function QrCode({ rows, name }: { rows: readonly string[]; name: string }) {
  const edge = 4;
  const size = rows.length + 2 * edge;
  const path = rows
    .flatMap((row, y) => [...row.matchAll(/1+/g)].map((run) => `M${run.index + edge} ${y + edge}h${run[0].length}v1H${run.index + edge}z`))
    .join("");
  return (
    <svg class="qr-code" viewBox={`0 0 ${size} ${size}`} role="img" aria-label={name} shape-rendering="crispEdges">
      <rect width={size} height={size} fill="#ffffff" />
      <path d={path} fill="#000000" />
    </svg>
  );
}
