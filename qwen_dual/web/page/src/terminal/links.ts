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
  // As the browser reads it: look-alike letters of a host show as what they are.
  if (isSafeLink(uri)) askedLink.value = new URL(uri).href;
}

export function follow(uri: string): void {
  window.open(uri, "_blank", "noopener,noreferrer");
}
