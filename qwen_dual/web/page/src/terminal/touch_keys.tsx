import type { LiveTerminal } from "./live_terminal";

const arrow = (letter: string) => (application: boolean) => `\x1b${application ? "O" : "["}${letter}`;

const KEYS: [label: string, name: string, keys: (application: boolean) => string][] = [
  ["Esc", "Esc", () => "\x1b"],
  ["Tab", "Tab", () => "\t"],
  ["⇧Tab", "Shift Tab", () => "\x1b[Z"],
  ["^C", "Control C", () => "\x03"],
  ["←", "Left", arrow("D")],
  ["↑", "Up", arrow("A")],
  ["↓", "Down", arrow("B")],
  ["→", "Right", arrow("C")],
];

/** Keys that the keyboard of a phone does not have. */
export function TouchKeys({ terminal }: { terminal: LiveTerminal }) {
  return (
    <div class="touch-keys" role="group" aria-label="Keys">
      {KEYS.map(([label, name, keys]) => (
        <button
          key={name}
          type="button"
          class="button"
          aria-label={name}
          // The phone's keyboard stays up as long as the terminal keeps the focus.
          onPointerDown={(event) => event.preventDefault()}
          onClick={() => terminal.press(keys(terminal.emulator.terminal.modes.applicationCursorKeysMode))}
        >
          {label}
        </button>
      ))}
    </div>
  );
}
