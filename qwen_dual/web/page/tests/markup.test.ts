import { expect, test } from "vitest";

const SOURCES = import.meta.glob<string>("../src/**/*.{ts,tsx}", { query: "?raw", import: "default", eager: true });

const FORBIDDEN = /dangerouslySetInnerHTML|innerHTML|outerHTML|insertAdjacentHTML|document\.write|createContextualFragment|DOMParser|srcdoc|\beval\(|new Function/;

test("nothing in the page makes markup or script out of a text", () => {
  expect(Object.keys(SOURCES).length).toBeGreaterThan(60);
  const found = Object.entries(SOURCES).filter(([, source]) => FORBIDDEN.test(source));
  expect(found.map(([path]) => path)).toEqual([]);
});
