/**
 * In place of a <style> element for xterm (`build/xterm_styles.ts`): its text becomes the rules of a constructed
 * style sheet, for as long as it is not removed.
 */
export function styleHolder(): HTMLElement {
  const holder = document.createElement("span");
  const sheet = new CSSStyleSheet();
  holder.hidden = true;
  document.adoptedStyleSheets = [...document.adoptedStyleSheets, sheet];
  let rules = "";
  Object.defineProperty(holder, "textContent", {
    get: () => rules,
    set: (text: string) => {
      rules = text;
      sheet.replaceSync(text);
    },
  });
  holder.remove = () => {
    document.adoptedStyleSheets = document.adoptedStyleSheets.filter((other) => other !== sheet);
    HTMLElement.prototype.remove.call(holder);
  };
  return holder;
}
