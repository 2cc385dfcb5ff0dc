import { describe, expect, test } from "vitest";
import { difference, merge } from "../../src/composer/merge";
import { tokensOf } from "../../src/composer/units";
import { Random } from "./random";

const at = (text: string): { text: string; cursor: number } => {
  const cursor = text.indexOf("|");
  return { text: text.replace("|", ""), cursor };
};

function merged(base: string, mine: string, theirs: string): [string, string] {
  const { text, mine: own, theirs: other } = merge(base, at(mine), at(theirs));
  return [`${text.slice(0, own)}|${text.slice(own)}`, `${text.slice(0, other)}|${text.slice(other)}`];
}

describe("two edits of one draft", () => {
  test("at different places both stand, and each cursor is where it was", () => {
    expect(merged("fix the tests", "please| fix the tests", "fix the slow| tests")).toEqual([
      "please| fix the slow tests",
      "please fix the slow| tests",
    ]);
  });

  test("at one place theirs come first, and no two words are mixed", () => {
    expect(merged("say ", "say xyz|", "say abc|")).toEqual(["say abcxyz|", "say abc|xyz"]);
  });

  test("what one deletes is gone though the other typed in the middle of it", () => {
    expect(merged("one 222 three", "one | three", "one 2X|22 three")[0]).toBe("one X| three");
  });

  test("the caret at the end goes behind what is typed there elsewhere", () => {
    expect(merged("fix", "fix|", "fix it|")[0]).toBe("fix it|");
  });

  test("an emptied draft keeps what was typed meanwhile", () => {
    expect(merged("sent", "|", "sent and|")[0]).toBe(" and|");
  });

  test("a unit stays whole or goes whole", () => {
    const image = "[image 1: shot.png, 34 kB]";
    expect(merged(`see ${image}`, `see ${image} now|`, `look at| ${image}`)[0]).toBe(`look at ${image} now|`);
    expect(merged(`see ${image}`, "see |", `see |${image}`)[0]).toBe("see |");
    expect(tokensOf(`a${image}😀`)).toEqual(["a", image, "😀"]);
  });
});

test("a difference makes one text of the other", () => {
  const random = new Random(7);
  for (let round = 0; round < 500; round++) {
    const [from, to] = [word(random), word(random)].map((text) => tokensOf(text)) as [string[], string[]];
    const out = [...from];
    for (const hunk of difference(from, to).reverse()) out.splice(hunk.at, hunk.removed, ...hunk.inserted);
    expect(out.join("")).toBe(to.join(""));
  }
});

function word(random: Random): string {
  return Array.from({ length: random.below(30) }, () => random.of(["a", "b", "c", "😀", "\n"])).join("");
}

test("of random edits nothing is lost, and nothing comes back", () => {
  const random = new Random(11);
  for (let round = 0; round < 1000; round++) {
    // Each character is there once, so that it is known whose it was.
    let code = 0x4e00;
    const fresh = (): string => String.fromCodePoint(code++);
    const base = Array.from({ length: random.below(25) }, fresh);
    const [mine, theirs] = [edited(base, random, fresh), edited(base, random, fresh)];
    const { text, mine: own } = merge(base.join(""), { text: mine.join(""), cursor: mine.length }, at(theirs.join("")));
    const out = [...text];
    expect(own).toBeLessThanOrEqual(out.length);
    const wanted = [...base.filter((char) => mine.includes(char) && theirs.includes(char))];
    for (const side of [mine, theirs]) wanted.push(...side.filter((char) => !base.includes(char)));
    expect([...out].sort()).toEqual(wanted.sort());
    for (const side of [mine, theirs]) {
      const kept = side.filter((char) => out.includes(char));
      expect(out.filter((char) => kept.includes(char))).toEqual(kept);
    }
  }
});

function edited(base: readonly string[], random: Random, fresh: () => string): string[] {
  const out = [...base];
  for (let edit = random.below(5); edit > 0; edit--) {
    const where = random.below(out.length + 1);
    if (random.chance(40)) out.splice(where, random.below(6));
    else out.splice(where, 0, ...Array.from({ length: 1 + random.below(4) }, fresh));
  }
  return out;
}
