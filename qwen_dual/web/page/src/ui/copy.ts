import { note } from "./notes";

/** Puts a text into the clipboard; says so, or why not. */
export async function copy(text: string, what: string): Promise<void> {
  try {
    await write(text);
    note(`${what} copied.`);
  } catch {
    note(`The browser does not let this page copy. Select the text and press ${copyKeys()}.`, "bad");
  }
}

async function write(text: string): Promise<void> {
  if (navigator.clipboard !== undefined) return navigator.clipboard.writeText(text);
  // Without HTTPS there is no clipboard but for what is selected.
  const area = document.createElement("textarea");
  area.value = text;
  area.setAttribute("aria-hidden", "true");
  const before = document.activeElement;
  (document.querySelector("dialog[open]") ?? document.body).append(area);
  area.select();
  const done = document.execCommand("copy");
  area.remove();
  if (before instanceof HTMLElement) before.focus();
  if (!done) throw new Error("execCommand refused");
}

const copyKeys = () => (/Mac|iPhone|iPad/.test(navigator.platform) ? "⌘C" : "Ctrl+C");
