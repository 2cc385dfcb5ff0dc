import { expect, test } from "vitest";
import type { Session } from "../../src/app/session";
import type { Receipt } from "../../src/net/outbox";
import { AnswersOfOthers, respond } from "../../src/requests/responding";
import type { ProgramEvent } from "../../src/wire";

let requests = 0;

/** A request that this page shows, an answer given here, and the receipt for it, which comes when `settle` says. */
function shown() {
  const id = `request-${++requests}`;
  const others = new AnswersOfOthers();
  others.shows(id);
  let settle: (receipt: Receipt) => void = () => undefined;
  const session = { send: () => new Promise<Receipt>((done) => (settle = done)) } as unknown as Session;
  return {
    others,
    answer: () => respond(session, { type: "confirmation_response", request_id: id, allowed: true }),
    settle: (receipt: Partial<Receipt> & { status: string }) => settle({ id: "c", ...receipt }),
    resolved: (by: string, allowed = true): ProgramEvent =>
      ({
        type: "control_response",
        response: { subtype: "success", request_id: id, resolved_by: by, response: { allowed } },
      }) as unknown as ProgramEvent,
    by: (name: string) => ({ type: "web", subtype: "by", id, name }) as const,
  };
}

test("who answered in time is told to whoever came too late, also where the refusal comes after", async () => {
  const request = shown();
  const refused = request.answer();
  const told = request.others.hear(request.resolved("keyboard"));
  request.settle({ status: "rejected", code: "already_resolved", message: "It has been answered." });
  expect(await told).toBe("Answered in the terminal: yes");
  expect(await refused).toBe("It has been answered.");
});

test("the refusal may also come first", async () => {
  const request = shown();
  const refused = request.answer();
  request.settle({ status: "rejected", code: "already_resolved", message: "It has been answered." });
  await refused;
  await request.others.hear(request.by("Ada"));
  expect(await request.others.hear(request.resolved("web", false))).toBe("Answered by Ada: no");
});

test.each(["before", "after"])("an own answer is no news, its receipt %s what was decided", async (order) => {
  const request = shown();
  const done = request.answer();
  if (order === "before") request.settle({ status: "accepted" });
  const told = request.others.hear(request.resolved("host:web"));
  request.settle({ status: "accepted" });
  expect(await told).toBe(null);
  expect(await done).toBe("");
});

test("of a request that this page has not shown, and of a second telling, nothing is said", async () => {
  const request = shown();
  expect(await new AnswersOfOthers().hear(request.resolved("keyboard"))).toBe(null);
  expect(await request.others.hear(request.resolved("host:ide"))).toBe("Answered by ide: yes");
  expect(await request.others.hear(request.resolved("host:ide"))).toBe(null);
});

test("of an answer that was lost with its session nobody knows: it is told of no one", async () => {
  const request = shown();
  const lost = request.answer();
  const told = request.others.hear(request.resolved("host:web"));
  request.settle({ status: "rejected", code: "ended", message: "The program has ended." });
  expect(await told).toBe(null);
  await lost;
});

test("a second answer that came too late makes an own first one no other's", async () => {
  const request = shown();
  void request.answer();
  request.settle({ status: "accepted" });
  void request.answer();
  request.settle({ status: "rejected", code: "unknown_request" });
  expect(await request.others.hear(request.resolved("host:web"))).toBe(null);
});
