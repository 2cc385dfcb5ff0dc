import { expect, test } from "vitest";

import tokens from "../../src/styles/tokens.css?raw";
import { TERMINAL_COLOURS } from "../../src/terminal/colours";

/** Each colour of the tokens in the light and the dark theme. */
const colours = new Map(
  [...tokens.matchAll(/--([\w-]+): light-dark\((#[0-9a-f]{6}), (#[0-9a-f]{6})\);/g)].map(
    ([, name, light, dark]) => [name!, { light: light!, dark: dark! }] as const,
  ),
);

function luminance(colour: string): number {
  const [red, green, blue] = [1, 3, 5].map((at) => {
    const value = Number.parseInt(colour.slice(at, at + 2), 16) / 255;
    return value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
  }) as [number, number, number];
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}

function contrast(one: string, other: string): number {
  const [dark, light] = [luminance(one), luminance(other)].sort((a, b) => a - b) as [number, number];
  return (light + 0.05) / (dark + 0.05);
}

const names = [...colours.keys()];
const grounds = names.filter((name) => name === "ground" || name.startsWith("ground-"));
const inks = ["text", "text-quiet", "accent", "good", "warn", "bad", "work"];
const themes = ["light", "dark"] as const;

function tooFaint(pairs: [string, string][], least: number): string[] {
  return themes.flatMap((theme) =>
    pairs
      .map(([ink, ground]) => ({ ink, ground, ratio: contrast(colours.get(ink)![theme], colours.get(ground)![theme]) }))
      .filter(({ ratio }) => ratio < least)
      .map(({ ink, ground, ratio }) => `${theme}: ${ink} on ${ground} ${ratio.toFixed(2)}`),
  );
}

const each = (some: string[], others: string[]) => some.flatMap((one) => others.map((other): [string, string] => [one, other]));

test("the tokens are read: grounds, inks and code", () => {
  expect(grounds.length).toBeGreaterThan(8);
  expect(names).toEqual(expect.arrayContaining([...inks, "code-keyword", "line-control", "focus"]));
});

test("every ink can be read on every ground, in both themes (AA)", () => {
  const found = each(["on-searched"], ["searched", "searched-now"]);
  expect(tooFaint([...each(inks, grounds), ["on-accent", "accent-ground"], ...found], 4.5)).toEqual([]);
});

test("code can be read on its ground and in a change (AA)", () => {
  const code = names.filter((name) => name.startsWith("code-"));
  expect(tooFaint(each(code, ["ground", "ground-code", "ground-added", "ground-removed"]), 4.5)).toEqual([]);
});

test("edges of controls and the focus stand out from every ground (3:1)", () => {
  expect(tooFaint(each(["line-control", "focus"], grounds), 3)).toEqual([]);
});

test("the terminal's text can be read on its ground, which is the page's", () => {
  for (const theme of themes) {
    const { background, foreground, ...rest } = TERMINAL_COLOURS[theme];
    expect(background).toBe(colours.get("ground")![theme]);
    expect(foreground).toBe(colours.get("text")![theme]);
    const ansi = Object.entries(rest).filter(([name]) => /^(bright)?(black|red|green|yellow|blue|magenta|cyan|white)$/i.test(name));
    expect(ansi.length).toBe(16);
    expect(ansi.filter(([, colour]) => contrast(colour as string, background) < 4.5)).toEqual([]);
  }
});
