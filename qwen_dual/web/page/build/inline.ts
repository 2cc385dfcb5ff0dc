import type { Plugin } from "vite";

/** What would end or derange a script that stands in HTML, and what means the same within strings and patterns. */
const ENDS: [pattern: RegExp, by: string][] = [
  [/<(?=!--|\/?script)/gi, "\\x3c"],
];

/** Makes a script such that it can stand within a page as it is. */
export function inline(): Plugin {
  return {
    name: "inline",
    apply: "build",
    generateBundle(_options, bundle) {
      for (const file of Object.values(bundle)) {
        if (file.type === "chunk") file.code = inlined(file.code);
      }
    },
  };
}

export function inlined(code: string): string {
  return ENDS.reduce((text, [pattern, by]) => text.replace(pattern, by), code);
}
