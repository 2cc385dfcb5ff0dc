import { expect, test } from "vitest";

import { type Keys, keysOf, registerShortcuts, shortcutFor, shortcuts, spelled } from "../../src/app/shortcuts";

const key = (code: string, more: Partial<Keys> = {}): Keys => ({
  code,
  key: "",
  ctrlKey: false,
  altKey: false,
  shiftKey: false,
  metaKey: false,
  ...more,
});

test("keys are named by where they are, letters and the question mark by what they type", () => {
  expect(keysOf(key("Digit1", { ctrlKey: true, shiftKey: true, key: "!" }))).toBe("Ctrl+Shift+Digit1");
  expect(keysOf(key("Slash", { shiftKey: true, key: "?" }))).toBe("?");
  expect(keysOf(key("Minus", { shiftKey: true, key: "?" }))).toBe("?");
  expect(keysOf(key("Semicolon", { ctrlKey: true, shiftKey: true, key: "M" }))).toBe("Ctrl+Shift+KeyM");
  expect(keysOf(key("KeyM", { ctrlKey: true, shiftKey: true, key: "ь" }))).toBe("Ctrl+Shift+KeyM");
  expect(spelled("Ctrl+Shift+Digit1")).toEqual(["Ctrl", "Shift", "1"]);
  expect(spelled("Alt+Shift+ArrowUp")).toEqual(["Alt", "Shift", "↑"]);
});

test("who types is disturbed only by what holds everywhere, and the latest that was registered wins", () => {
  const ran: string[] = [];
  const more = [
    { keys: "?", label: "help", group: "Page", run: () => void ran.push("help") },
    { keys: "F6", label: "one", group: "Page", everywhere: true, run: () => void ran.push("one") },
    { keys: "F6", label: "two", group: "Page", everywhere: true, run: () => void ran.push("two") },
    { keys: "F7", label: "only told", group: "Page" },
  ] as const;
  const forget = registerShortcuts(more);
  expect(shortcutFor(key("Slash", { key: "?" }), true)).toBe(null);
  shortcutFor(key("Slash", { key: "?" }), false)?.run?.();
  shortcutFor(key("F6"), true)?.run?.();
  expect(ran).toEqual(["help", "two"]);
  expect(shortcutFor(key("F7"), false)).toBe(null);
  forget();
  expect(shortcuts.value).toEqual([]);
});
