import type { Plugin } from "vite";

/** What of xterm's text gives way to what, and how often it must be there. */
const REPLACED: [pattern: RegExp, by: string, times: number][] = [
  [/[\w.]+\.createElement\("style"\)/g, "styleHolder()", 3],
  [/(\w+)\.setAttribute\("style",(`[^`]*`)\)/g, "$1.style.cssText=$2", 1],
];

/**
 * xterm under a Content-Security-Policy without 'unsafe-inline'.
 *
 * xterm 6 styles itself in two ways that such a policy refuses: three <style> elements (two of its DOM renderer,
 * one of its scrollbar), and `style` attributes of the DOM renderer's spans. All else it does through CSSOM,
 * which a policy lets be; so these four places do too. No option of xterm reaches all of them, and a version
 * in which they look otherwise fails the build.
 */
export function xtermStyles(): Plugin {
  return {
    name: "xterm-styles",
    transform: {
      filter: { id: /@xterm\/xterm\/lib\/xterm\.mjs$/ },
      handler(code) {
        return { code: throughCssom(code), map: null };
      },
    },
  };
}

/** The text of xterm such that it writes no style that a policy refuses. */
export function throughCssom(code: string): string {
  for (const [pattern, by, times] of REPLACED) {
    const found = code.match(pattern)?.length ?? 0;
    if (found !== times) {
      throw new Error(`xterm.mjs has ${found} places like ${pattern}, not ${times}: look at build/xterm_styles.ts`);
    }
    code = code.replace(pattern, by);
  }
  return `import { styleHolder } from "/src/terminal/style_holder.ts";\n${code}`;
}
