import { keep, kept } from "./kept";

const PLACE = "proof";

/** What lets this page in beside its cookie (see `wire.ts`); `1` before it has any. */
export function proof(): string {
  return kept(PLACE) ?? "1";
}

/** Whether this page was ever let in; without a proof a cookie is worth nothing. */
export function hasProof(): boolean {
  return kept(PLACE) !== null;
}

export function keepProof(proof: string | null): void {
  keep(PLACE, proof);
}
