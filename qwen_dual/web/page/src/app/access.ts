import { signal } from "@preact/signals";

import { hasProof, keepProof } from "../net/proof";
import { RequestError, requests } from "../net/requests";
import type { Me } from "../wire";
import { device } from "./device";

/** Whether the page is let in. `none`: it has nothing to show; `refused`: a link was not taken; `ended`: not any more. */
export type Access =
  | { state: "entering" }
  | { state: "in"; me: Me }
  | { state: "out"; why: "none" | "refused" | "ended" | "offline"; message: string };

export const access = signal<Access>({ state: "entering" });

/** The token of a link: of its fragment, which no server is ever sent, or as it stands. */
export function tokenOf(link: string): string | null {
  const found = /(?:^|[#&])token=([\w.~-]+)/.exec(link) ?? /^([\w.~-]{16,})$/.exec(link.trim());
  return found?.[1] ?? null;
}

/** Lets the page in: by the token in the address, which is taken out of it at once, or by what it has from before. */
export async function enter(): Promise<void> {
  const token = tokenOf(location.hash);
  if (token !== null) {
    history.replaceState(null, "", location.pathname + location.search);
    return enterWith(token);
  }
  access.value = { state: "entering" };
  if (!hasProof()) {
    access.value = { state: "out", why: "none", message: "" };
    return;
  }
  try {
    access.value = { state: "in", me: await requests.me() };
  } catch (error) {
    access.value = out(error, "none");
  }
}

/** Lets the page in by a token. */
export async function enterWith(token: string): Promise<void> {
  access.value = { state: "entering" };
  try {
    const { proof, ...me } = await requests.enter(token, device(navigator.userAgent));
    keepProof(proof);
    access.value = { state: "in", me };
  } catch (error) {
    access.value = out(error, "refused");
  }
}

let asking: Promise<boolean> | null = null;

/**
 * A connection was refused: whether the page is let in at all. True also where nobody can tell now.
 *
 * Several connections break at once, and one answer is for all of them.
 */
export function stillIn(): Promise<boolean> {
  asking ??= askWhetherIn().finally(() => (asking = null));
  return asking;
}

async function askWhetherIn(): Promise<boolean> {
  try {
    const me = await requests.me();
    if (access.peek().state === "in") access.value = { state: "in", me };
    return true;
  } catch (error) {
    if (!isRefusal(error)) return true;
    access.value = out(error, "ended");
    return false;
  }
}

export async function leave(): Promise<void> {
  await requests.leave();
  keepProof(null);
  access.value = { state: "out", why: "ended", message: "You have left." };
}

const isRefusal = (error: unknown): error is RequestError =>
  error instanceof RequestError && (error.status === 401 || error.status === 403);

function out(error: unknown, why: "none" | "refused" | "ended"): Access {
  // That one is let in no more is what the page says by itself.
  const left = error instanceof RequestError && error.code === "left";
  const message = left ? "" : error instanceof Error ? error.message : String(error);
  return { state: "out", why: isRefusal(error) ? why : "offline", message };
}
