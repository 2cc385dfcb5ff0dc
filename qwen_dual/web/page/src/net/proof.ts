import { keep, kept } from "./kept";

const PLACE = "proof";

/** What lets this page in beside its cookie (see `wire.ts`); `1` before it has any. */
export function proof(): string {
  return kept(PLACE) ?? "1";
}

export function keepProof(proof: string | null): void {
  keep(PLACE, proof);
}
