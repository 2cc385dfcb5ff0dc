import { Dialog } from "../ui/dialog";
import { type Shortcut, shortcuts, spelled } from "./shortcuts";

const GROUPS: Shortcut["group"][] = ["Page", "Sessions", "Chat", "Composer", "Requests", "Terminal"];

/** What keys do now, by where they do it. */
export function ShortcutsDialog({ onClose }: { onClose(): void }) {
  return (
    <Dialog title="Keyboard shortcuts" wide onClose={onClose}>
      <div class="shortcuts">
        {GROUPS.map((group) => {
          const found = shortcuts.value.filter((shortcut) => shortcut.group === group);
          if (found.length === 0) return null;
          return (
            <section key={group}>
              <h3>{group}</h3>
              <dl>
                {found.map(({ keys, label }) => (
                  <div key={keys + label}>
                    <dt>{label}</dt>
                    <dd>
                      {spelled(keys).map((key, index) => (
                        <kbd key={index} class="key">
                          {key}
                        </kbd>
                      ))}
                    </dd>
                  </div>
                ))}
              </dl>
            </section>
          );
        })}
      </div>
    </Dialog>
  );
}
