import { expect, test } from "vitest";

import page from "../index.html?raw";

test("the page has no inline script or style, which its policy would refuse", () => {
  expect(page).not.toMatch(/<style|style=|<script(?![^>]*\bsrc=)|\son\w+=/);
});
