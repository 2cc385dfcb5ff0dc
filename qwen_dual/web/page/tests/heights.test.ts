import { expect, test } from "vitest";

import { Heights } from "../src/chat/heights";

test("sums and searches are those of the plain list, whatever happens to it", () => {
  const heights = new Heights();
  let plain: number[] = [];
  let seed = 7;
  const random = (most: number) => (seed = (seed * 48_271) % 2_147_483_647) % most;
  for (let step = 0; step < 3_000; step += 1) {
    const what = random(10);
    if (what < 6 || plain.length === 0) {
      plain.push(random(100));
      heights.push(plain.at(-1) as number);
    } else if (what < 9) {
      const at = random(plain.length);
      plain[at] = random(100);
      heights.set(at, plain[at] as number);
    } else {
      plain = plain.slice(0, Math.max(0, plain.length - random(5)));
      heights.truncate(plain.length);
    }
    const count = random(plain.length + 1);
    const sum = plain.slice(0, count).reduce((one, other) => one + other, 0);
    expect(heights.sum(count)).toBe(sum);
    const offset = random(5_000);
    let [found, left] = [0, offset];
    while (found < plain.length - 1 && left >= (plain[found] as number)) left -= plain[found++] as number;
    expect(heights.at(offset)).toBe(found);
  }
});

test("of no rows the first is meant", () => {
  expect(new Heights().at(10)).toBe(0);
  expect(new Heights().sum(3)).toBe(0);
});
