/** Which targets of a model's links may be opened, and whether their words say where they lead. */

const SCHEMES = new Set(["http:", "https:", "mailto:"]);
const MOST = 2_000;
const ADDRESS = /^(?:[a-z][a-z0-9+.-]{0,20}:\/\/|www\.)|^[\w-]+(?:\.[\w-]+)*\.[a-z]{2,63}(?:[/:?#]|$)/i;

/** The target of a link as it may be opened; null for one that stays a text. */
export function safeTarget(href: string): URL | null {
  if (href.length > MOST || !URL.canParse(href)) return null;
  const url = new URL(href);
  return SCHEMES.has(url.protocol) ? url : null;
}

/** Whether a link's words are an address other than the one that it leads to. */
export function misleads(words: string, url: URL): boolean {
  const said = words.trim().replace(/[\u3002\uff61]/g, ".").replace(/[\u2215\u2044\u29f8]/g, "/");
  if (url.protocol === "mailto:") return said.includes("@") && said.replace(/^mailto:/i, "") !== mailbox(url);
  if (!ADDRESS.test(said)) return false;
  const whole = /^[a-z][a-z0-9+.-]*:\/\//i.test(said) ? said : `http://${said}`;
  return !URL.canParse(whole) || new URL(whole).host.replace(/^www\./, "") !== url.host.replace(/^www\./, "");
}

function mailbox(url: URL): string {
  return url.pathname;
}
