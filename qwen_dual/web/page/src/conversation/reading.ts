/** Reads what came as JSON from somewhere else: what is not as expected counts as not there. */

export type Data = Readonly<Record<string, unknown>>;

const NOTHING: Data = {};

export function data(value: unknown): Data {
  return typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Data) : NOTHING;
}

export function text(value: unknown): string {
  return typeof value === "string" ? value : "";
}

export function textOrNull(value: unknown): string | null {
  return typeof value === "string" ? value : null;
}

export function number(value: unknown): number | null {
  return typeof value === "number" && Number.isFinite(value) ? value : null;
}

export function list(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

/** The objects in a list; what else is in it is left out. */
export function records(value: unknown): readonly Data[] {
  return list(value).filter((item) => data(item) !== NOTHING) as Data[];
}

export function texts(value: unknown): readonly string[] {
  return list(value).filter((item) => typeof item === "string");
}
