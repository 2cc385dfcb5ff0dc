import { defineConfig } from "vitest/config";

// The page is served by `qwen-dual web` alone, under a policy without inline script or foreign source.
export default defineConfig({
  base: "./",
  oxc: { jsx: { runtime: "automatic", importSource: "preact" } },
  build: {
    outDir: "../static",
    emptyOutDir: true,
    target: "es2022",
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
  },
  test: { include: ["tests/**/*.test.{ts,tsx}"] },
});
