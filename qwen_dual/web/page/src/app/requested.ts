import { useEffect, useState } from "preact/hooks";

/** What a request is at: it runs, it has brought something, or it failed, in words. */
export type Requested<T> = { state: "running" } | { state: "done"; value: T } | { state: "failed"; message: string };

export const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

/** Asks for something when the component appears, and again whenever `again` changes. */
export function useRequest<T>(ask: () => Promise<T>, again: readonly unknown[] = []): Requested<T> {
  const [result, setResult] = useState<Requested<T>>({ state: "running" });
  useEffect(() => {
    let here = true;
    ask().then(
      (value) => here && setResult({ state: "done", value }),
      (error: unknown) => here && setResult({ state: "failed", message: messageOf(error) }),
    );
    return () => {
      here = false;
    };
  }, again);
  return result;
}
