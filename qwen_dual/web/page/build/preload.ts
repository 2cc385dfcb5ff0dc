import type { Plugin } from "vite";

/**
 * Has the browser fetch a piece that nearly everybody with a wide window needs beside the first one, and not after it.
 *
 * A narrow window shows the chat alone at first, and a phone pays for each byte.
 *
 * @param piece the name of the module that is imported when it is needed.
 * @param media the windows in which it is.
 */
export function preload(piece: string, media: string): Plugin {
  return {
    name: "preload",
    apply: "build",
    transformIndexHtml: {
      order: "post",
      handler(_html, { bundle }) {
        const files = Object.values(bundle ?? {});
        const script = files.find((file) => file.type === "chunk" && file.isDynamicEntry && file.name === piece);
        if (script === undefined) throw new Error(`there is no piece ${piece}`);
        const attrs = { rel: "modulepreload", crossorigin: true, href: `./${script.fileName}`, media };
        return [{ tag: "link", attrs, injectTo: "head" }];
      },
    },
  };
}
