/** Controls, and what turns the direction of a line or has no width: in a name they only deceive. */
const HIDDEN = /[\u0000-\u001f\u007f-\u009f\u00ad\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb]+/g;

/** A title or a name that somebody else made, as one line of what can be seen, at most so many characters long. */
export function plain(text: string, most = 120): string {
  const seen = text.slice(0, most * 8).replace(HIDDEN, " ").replace(/\s+/g, " ").trim();
  const characters = [...seen];
  return characters.length <= most ? seen : `${characters.slice(0, most - 1).join("")}…`;
}
