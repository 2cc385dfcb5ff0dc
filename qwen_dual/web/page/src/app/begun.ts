import { signal } from "@preact/signals";

/** The key of the session that this page has just opened, until its composer has the focus: who opened it writes next. */
export const justOpened = signal<string | null>(null);
