import type { Plugin } from "vite";

/** What the page may weigh as it travels: all of it, and what is loaded before anything is shown. */
export const MOST_BYTES = { all: 400_000, first: 120_000 };

/** Fails a build of the page that is too heavy. */
export function weight(entry: string): Plugin {
  return {
    name: "weight",
    apply: "build",
    async generateBundle(_options, bundle) {
      const weights = new Map<string, number>();
      for (const file of Object.values(bundle)) {
        weights.set(file.fileName, await gzipped(file.type === "chunk" ? file.code : file.source));
      }
      const all = sum(weights.values());
      const first = sum([...firstFiles(bundle, entry)].map((name) => weights.get(name) ?? 0));
      this.info(`${all} bytes gzipped in all, ${first} at first`);
      if (all > MOST_BYTES.all || first > MOST_BYTES.first) {
        this.error(`The page weighs ${all} bytes gzipped (most: ${MOST_BYTES.all}), ${first} at first (most: ${MOST_BYTES.first}).`);
      }
    },
  };
}

async function gzipped(content: string | Uint8Array): Promise<number> {
  const stream = new Blob([content as BlobPart]).stream().pipeThrough(new CompressionStream("gzip"));
  return (await new Response(stream).arrayBuffer()).byteLength;
}

const sum = (numbers: Iterable<number>): number => [...numbers].reduce((one, other) => one + other, 0);

type Bundle = Parameters<Extract<NonNullable<Plugin["generateBundle"]>, (...args: never[]) => unknown>>[1];

/** The entry, what it imports at once, and their styles. */
function firstFiles(bundle: Bundle, entry: string): Set<string> {
  const found = new Set<string>();
  const add = (name: string) => {
    const file = bundle[name];
    if (file === undefined || found.has(name)) return;
    found.add(name);
    if (file.type === "chunk") file.imports.forEach(add);
  };
  for (const file of Object.values(bundle)) {
    if (file.type === "chunk" && file.isEntry && file.name === entry) add(file.fileName);
    if (file.type === "asset" && file.fileName.endsWith(".css") && file.names.includes(`${entry}.css`)) add(file.fileName);
  }
  return found;
}
