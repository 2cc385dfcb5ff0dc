import { defineConfig } from "vitest/config";

import { preload } from "./build/preload.ts";
import { weight } from "./build/weight.ts";
import { xtermStyles } from "./build/xterm_styles.ts";

// The page is served by `qwen-dual web` alone, under a policy without inline script or foreign source.
export default defineConfig({
  base: "./",
  plugins: [xtermStyles(), preload("terminal_view", "(min-width: 760px)"), weight("index")],
  oxc: { jsx: { runtime: "automatic", importSource: "preact" } },
  build: {
    outDir: "../static",
    emptyOutDir: true,
    target: "es2022",
    // `light-dark()` stays what it is.
    cssTarget: ["chrome123", "firefox120", "safari17.5"],
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
  },
  test: { include: ["tests/**/*.test.{ts,tsx}"], css: { include: [/tokens\.css/] }, testTimeout: 30_000 },
});
