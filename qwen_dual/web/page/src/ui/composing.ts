/**
 * Whether a key belongs to an input method that puts a character together: none that submits or leaves.
 *
 * Safari ends a composition before it tells the Enter that did so, which only its key code still marks (229).
 */
export function composing(event: Pick<KeyboardEvent, "isComposing" | "keyCode">): boolean {
  return event.isComposing || event.keyCode === 229;
}
