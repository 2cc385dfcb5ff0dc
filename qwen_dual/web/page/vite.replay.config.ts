import { defineConfig } from "vite";

import { inline } from "./build/inline.ts";

// What `qwen-dual replay --html` puts into its file: one script, one style sheet, no foreign source.
export default defineConfig({
  plugins: [inline()],
  oxc: { jsx: { runtime: "automatic", importSource: "preact" } },
  build: {
    outDir: "../static/replay",
    emptyOutDir: true,
    target: "es2022",
    cssTarget: ["chrome123", "firefox120", "safari17.5"],
    modulePreload: { polyfill: false },
    chunkSizeWarningLimit: 700,
    rolldownOptions: {
      input: { replay: "src/replay/main.tsx" },
      output: {
        format: "es",
        codeSplitting: false,
        entryFileNames: "replay.js",
        assetFileNames: "replay[extname]",
      },
    },
  },
});
