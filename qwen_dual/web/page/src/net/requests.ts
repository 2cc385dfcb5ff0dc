import type { Entered, Link, Me, NewLink, NewSession, RunningSession, SavedSession } from "../wire";
import { proof } from "./proof";

/** A request that the server refused (`code` and `message` are its words) or that never reached it (`offline`). */
export class RequestError extends Error {
  constructor(
    readonly status: number,
    readonly code: string,
    message: string,
  ) {
    super(message);
    this.name = "RequestError";
  }
}

type Method = "GET" | "POST" | "DELETE";

async function request<T>(method: Method, path: string, body?: object | Blob): Promise<T> {
  const headers: Record<string, string> = { "X-Qwen-Dual": proof() };
  const init: RequestInit = { method, headers, credentials: "same-origin", cache: "no-store" };
  if (body instanceof Blob) init.body = body;
  else if (body !== undefined) {
    headers["Content-Type"] = "application/json";
    init.body = JSON.stringify(body);
  }
  let response: Response;
  try {
    response = await fetch(new URL(path, document.baseURI), init);
  } catch {
    throw new RequestError(0, "offline", "The server cannot be reached.");
  }
  const text = await response.text();
  if (response.ok) return (text === "" ? undefined : JSON.parse(text)) as T;
  throw refusal(response.status, text);
}

/** What a response that is not ok says: the server's own words, or its status where something else answered. */
export function refusal(status: number, text: string): RequestError {
  try {
    const { code, message } = (JSON.parse(text) as { error: { code: unknown; message: unknown } }).error;
    return new RequestError(status, String(code), String(message));
  } catch {
    return new RequestError(status, "status", `The server answered with status ${status}.`);
  }
}

const at = (key: string) => encodeURIComponent(key);

export const requests = {
  enter: (token: string, name?: string) =>
    request<Entered>("POST", "api/enter", name === undefined ? { token } : { token, name }),
  leave: () => request<void>("POST", "api/leave"),
  me: () => request<Me>("GET", "api/me"),
  startSession: (session: NewSession) => request<{ key: string }>("POST", "api/sessions", session),
  endSession: (key: string) => request<void>("DELETE", `api/sessions/${at(key)}`),
  savedSessions: (all: boolean, before?: number) =>
    request<{ sessions: SavedSession[]; more: boolean }>(
      "GET",
      `api/saved?${new URLSearchParams({
        ...(all ? { all: "1" } : {}),
        ...(before === undefined ? {} : { before: String(before) }),
      })}`,
    ),
  runningSessions: () => request<{ sessions: RunningSession[] }>("GET", "api/running"),
  attach: (id: string) => request<{ key: string }>("POST", "api/attach", { id }),
  links: () => request<{ links: Link[] }>("GET", "api/links"),
  makeLink: (link: NewLink) => request<Link>("POST", "api/links", link),
  revokeLink: (id: string) => request<void>("DELETE", `api/links/${at(id)}`),
  sendFile: (key: string, name: string, file: Blob) =>
    request<{ path: string }>("POST", `api/files/${at(key)}?${new URLSearchParams({ name })}`, file),
};
