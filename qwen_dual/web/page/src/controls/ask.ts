import type { ChatItem, Session } from "../app/session";
import { uuid } from "../net/outbox";
import type { Command } from "../wire";

/** An answer that did not come: `message` is for the person. */
export class Refused extends Error {}

/**
 * Gives a command that is answered with an event, and returns that event's `data`.
 *
 * @throws Refused the program, or the server, does not do it.
 */
export function ask<T>(session: Pick<Session, "send" | "listen">, command: Command, subtype: string): Promise<T> {
  const id = uuid();
  return new Promise((settle, fail) => {
    const end = session.listen((items) => {
      const found = items.find((item) => isAnswer(item, subtype, id));
      if (found === undefined) return;
      end();
      settle((found as unknown as { data: T }).data);
    });
    void session.send({ ...command, id }).then((receipt) => {
      if (receipt.status !== "rejected") return;
      end();
      fail(new Refused(receipt.message ?? receipt.code));
    });
  });
}

function isAnswer(item: ChatItem, subtype: string, id: string): boolean {
  if (item.type !== "system" || item.subtype !== subtype) return false;
  const { command_id } = (item as unknown as { data: { command_id?: string | null } }).data;
  // Some answers are for everybody, and name nobody.
  return command_id === undefined || command_id === null || command_id === id;
}
