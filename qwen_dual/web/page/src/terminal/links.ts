import { signal } from "@preact/signals";

/** A link of the terminal that somebody clicked, which is shown whole before it is followed. */
export const askedLink = signal<string | null>(null);

/** Whether a link leads to where a browser may be sent from a terminal: web pages and mail. */
export function isSafeLink(uri: string): boolean {
  try {
    return ["http:", "https:", "mailto:"].includes(new URL(uri).protocol);
  } catch {
    return false;
  }
}

/** Asks about a link first: a program can give any text any address. */
export function openLink(uri: string): void {
  if (isSafeLink(uri)) askedLink.value = uri;
}

export function follow(uri: string): void {
  window.open(uri, "_blank", "noopener,noreferrer");
}
