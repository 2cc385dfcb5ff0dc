/**
 * A text as it may be pasted into a terminal: without controls but tabs and line ends.
 *
 * Between the marks of a bracketed paste a program takes all for text, up to the mark of its end; a text that
 * holds this mark would go on as keys, with whatever it wants to be pressed. xterm lets it through.
 */
export function pasted(text: string): string {
  return text.replace(/[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f]/g, "");
}
