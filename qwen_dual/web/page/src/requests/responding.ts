/** Answers that go out from here, and those of others that came first. */

import type { ChatItem, Session } from "../app/session";
import { isWebMessage } from "../net/chat_position";
import type { Command, ProgramEvent } from "../wire";

/** Answers that this page gave, by request, and whether each was taken: the program says so after others have heard. */
const given = new Map<string, Promise<boolean>>();

/** Gives an answer; what was wrong with it as a sentence, empty where nothing was. */
export async function respond(session: Session, response: Command): Promise<string> {
  const sent = session.send(response);
  const id = String(response["request_id"]);
  given.set(
    id,
    // Of one that was lost with its session nobody knows; the last of several is no news either where one was taken.
    Promise.all([given.get(id), sent]).then(
      ([before, { status, code }]) => before === true || status !== "rejected" || code === "ended" || code === "offline",
    ),
  );
  const receipt = await sent;
  return receipt.status === "rejected" ? (receipt.message ?? receipt.code ?? "It was refused.") : "";
}

/** How a request that this page has shown was answered by somebody else, as a sentence; null for all else. */
export class AnswersOfOthers {
  readonly #names = new Map<string, string>();
  readonly #shown = new Set<string>();

  /** The person sees it. */
  shows(id: string): void {
    this.#shown.add(id);
  }

  /** Known once the program has said of an answer from here, if there was one, whether it was in time. */
  async hear(item: ChatItem): Promise<string | null> {
    if (isWebMessage(item)) {
      if (item.subtype === "by") this.#names.set(item.id, item.name);
      return null;
    }
    if (item.type !== "control_response") return null;
    const { request_id: id, resolved_by, response, subtype } = responseIn(item);
    if (subtype !== "success") return null;
    const name = this.#names.get(id);
    const own = given.get(id);
    this.#names.delete(id);
    given.delete(id);
    if (!this.#shown.delete(id) || (await own)) return null;
    const who = whoIs(resolved_by, name);
    return who && `${who}: ${response?.allowed ? "yes" : "no"}${response?.message ? `, “${response.message}”` : ""}`;
  }
}

interface Response {
  subtype: string;
  request_id: string;
  resolved_by?: string;
  response?: { allowed?: boolean; message?: string };
}

function responseIn(event: ProgramEvent): Response {
  return (event["response"] ?? {}) as Response;
}

function whoIs(by: string | undefined, name: string | undefined): string | null {
  if (by === "keyboard") return "Answered in the terminal";
  if (by?.startsWith("host:")) return `Answered by ${by.slice(5)}`;
  if (by === "interrupt" || by === "shutdown") return null;
  if (by?.startsWith("hook:")) return `Answered by the hook ${by.slice(5)}`;
  if (by === "policy") return "Answered by a rule";
  return `Answered by ${name ?? "somebody else"}`;
}
