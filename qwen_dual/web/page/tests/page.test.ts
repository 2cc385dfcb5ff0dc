import { expect, test } from "vitest";

import xterm from "../node_modules/@xterm/xterm/lib/xterm.mjs?raw";
import { throughCssom } from "../build/xterm_styles";
import page from "../index.html?raw";

const sources = Object.entries(
  import.meta.glob<string>("../src/**/*.{ts,tsx}", { query: "?raw", import: "default", eager: true }),
);

test("the page has no inline script or style, which its policy would refuse", () => {
  expect(page).not.toMatch(/<style|style=|<script(?![^>]*\bsrc=)|\son\w+=/);
});

test("nothing is ever made HTML or code: whatever a model, a tool, a file name or a title says is text", () => {
  const ways = /dangerouslySetInnerHTML|\b(inner|outer)HTML\b|insertAdjacentHTML|document\.write|createContextualFragment|\bparseFromString\b|\bsrcdoc\b|\beval\(|new Function\b|javascript:/i;
  expect(sources.length).toBeGreaterThan(40);
  expect(sources.filter(([, text]) => ways.test(text)).map(([name]) => name)).toEqual([]);
});

test("xterm writes no style that the policy refuses, and another xterm fails the build", () => {
  const built = throughCssom(xterm);
  expect(built).not.toMatch(/createElement\(\s*["'`]style|setAttribute\(\s*["'`]style/);
  expect(built.match(/\bstyleHolder\(\)/g)?.length).toBe(3);
  expect(() => throughCssom(built)).toThrow(/0 places/);
});
