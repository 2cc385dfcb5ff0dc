import { expect, test } from "vitest";
import { composing } from "../src/ui/composing";

test("an input method's Enter is known in every browser, and no other", () => {
  const key = (isComposing: boolean, keyCode: number) => composing({ isComposing, keyCode });
  expect([key(true, 13), key(false, 229), key(false, 13)]).toEqual([true, true, false]);
});
