/**
 * What the browser keeps for this page from one visit to the next: in localStorage, or as long as the page is
 * open where there is none. Names stand under the page's path, since several may be served by one host.
 */
const memory = new Map<string, string>();

const placeOf = (name: string) => `qwen-dual ${new URL(".", document.baseURI).pathname} ${name}`;

export function kept(name: string): string | null {
  try {
    return localStorage.getItem(placeOf(name)) ?? memory.get(name) ?? null;
  } catch {
    return memory.get(name) ?? null;
  }
}

export function keep(name: string, value: string | null): void {
  if (value === null) memory.delete(name);
  else memory.set(name, value);
  try {
    if (value === null) localStorage.removeItem(placeOf(name));
    else localStorage.setItem(placeOf(name), value);
  } catch {
    // Full or forbidden: it holds until the page is closed.
  }
}
