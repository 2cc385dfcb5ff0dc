import { expect, test } from "vitest";
import { GUARD_MS, KeyGuard } from "../../src/requests/key_guard";

function key(guard: KeyGuard, now: number, lasting = false): boolean {
  guard.typed(now);
  return guard.takesKey(now, lasting);
}

test("a key counts once the request was seen for a moment", () => {
  const seen = (): KeyGuard => {
    const guard = new KeyGuard();
    guard.shown(1000);
    guard.shown(1300);
    return guard;
  };
  expect(key(new KeyGuard(), 10_000)).toBe(false);
  expect([key(seen(), 1000 + GUARD_MS - 1), key(seen(), 1000 + GUARD_MS)]).toEqual([false, true]);
});

test("each typed key begins the time anew, so that no word answers", () => {
  const guard = new KeyGuard();
  guard.shown(0);
  guard.typed(500);
  expect([800, 1000, 1300, 1699, 2099].map((now) => key(guard, now))).toEqual([false, false, false, false, true]);
});

test("what lasts takes twice the time", () => {
  const guard = new KeyGuard();
  guard.shown(0);
  expect(key(guard, 799, true)).toBe(false);
  expect(key(guard, 799 + 800, true)).toBe(true);
});

test("it says when clicks count", () => {
  const guard = new KeyGuard();
  expect(guard.opensToClicks).toBe(null);
  guard.shown(1000);
  guard.typed(1100);
  expect(guard.opensToClicks).toBe(1000 + GUARD_MS);
});

test("what is out of sight takes no key and no click", () => {
  const guard = new KeyGuard();
  guard.shown(0);
  guard.shown(null);
  expect([key(guard, 10_000), guard.takesClick(10_000)]).toEqual([false, false]);
  guard.shown(20_000);
  expect([guard.takesClick(20_399), guard.takesClick(20_400), key(guard, 20_400)]).toEqual([false, true, true]);
});
