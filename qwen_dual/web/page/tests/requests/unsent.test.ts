import { expect, test } from "vitest";
import type { Request } from "../../src/conversation/types";
import { dropResolved, unsentOf } from "../../src/requests/unsent";

const waiting = (...ids: string[]) => ids.map((id) => ({ id })) as unknown as Request[];

test("what is written in answer to a request is there as long as that waits", () => {
  unsentOf("one", "a").filled.value = [{ picked: ["yes"], own: "words" }];
  unsentOf("one", "b").reason = "use the trash";
  dropResolved("one", waiting("a", "b"));
  expect(unsentOf("one", "a").filled.value).toEqual([{ picked: ["yes"], own: "words" }]);
  dropResolved("one", waiting("b"));
  expect(unsentOf("one", "a").filled.value).toBe(null);
  expect(unsentOf("one", "b").reason).toBe("use the trash");
});

test("a request of another session is another one, whatever its id", () => {
  unsentOf("two", "a").refusing.value = "n";
  expect(unsentOf("three", "a").refusing.value).toBe(null);
  dropResolved("three", []);
  dropResolved("never seen", []);
  expect(unsentOf("two", "a").refusing.value).toBe("n");
});
