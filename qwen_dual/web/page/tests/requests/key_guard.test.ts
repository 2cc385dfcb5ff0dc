import { expect, test } from "vitest";
import { GUARD_MS, KeyGuard } from "../../src/requests/key_guard";

test("a key counts once the request was seen for a moment", () => {
  const guard = new KeyGuard();
  expect(guard.takes(10_000)).toBe(false);
  guard.shown(1000);
  guard.shown(1300);
  expect([guard.takes(1000 + GUARD_MS - 1), guard.takes(1000 + GUARD_MS)]).toEqual([false, true]);
});

test("each typed key begins the time anew", () => {
  const guard = new KeyGuard();
  guard.shown(0);
  guard.typed(500);
  expect([guard.takes(899), guard.takes(900)]).toEqual([false, true]);
});

test("what lasts takes twice the time", () => {
  const guard = new KeyGuard();
  guard.shown(0);
  expect([guard.takes(799, true), guard.takes(800, true)]).toEqual([false, true]);
});

test("what is out of sight, or another request, takes no key", () => {
  const guard = new KeyGuard();
  guard.shown(0);
  guard.shown(null);
  expect(guard.takes(10_000)).toBe(false);
  guard.shown(10_000);
  guard.another();
  guard.shown(10_500);
  expect([guard.takes(10_600), guard.takes(10_900)]).toEqual([false, true]);
});
