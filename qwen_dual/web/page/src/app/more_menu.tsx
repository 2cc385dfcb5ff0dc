import type { Me } from "../wire";
import { BellIcon, CloseIcon, KeysIcon, LeaveIcon, LinkIcon, MoonIcon, MoreIcon, SunIcon } from "../ui/icons";
import { IconButton } from "../ui/button";
import { Menu, type MenuItem } from "../ui/menu";
import { note } from "../ui/notes";
import { plain } from "../ui/plain_text";
import { leave } from "./access";
import { askToNotify, canNotify } from "./attention";
import type { OpenDialog } from "./dialogs";
import { notify, theme, type Theme } from "./preferences";
import { shownTheme } from "./theme";

const THEMES: [Theme, string][] = [
  ["system", "The system's"],
  ["light", "Light"],
  ["dark", "Dark"],
];

/** The foot of the sidebar: who one is here, the theme, and what else there is of the page. */
export function MoreMenu({ me, open, onClose }: { me: Me; open(dialog: OpenDialog): void; onClose(): void }) {
  const more: (MenuItem | "line")[] = [
    { label: "Keyboard shortcuts", icon: <KeysIcon />, detail: "?", run: () => open("shortcuts") },
    {
      label: "Notify when something waits",
      icon: <BellIcon />,
      checked: notify.value === "on",
      disabled: !canNotify(),
      run: () => void switchNotify(),
    },
    "line",
    { label: "Leave", icon: <LeaveIcon />, run: () => void tryToLeave() },
  ];
  if (me.rights.includes("control")) {
    more.unshift({ label: "Links for others", icon: <LinkIcon />, run: () => open("links") });
  }
  return (
    <footer class="foot">
      <span class="me" title={`${me.name}: ${me.rights.join(", ")}`}>
        <bdi>{plain(me.name, 40)}</bdi>
        <span class="version">qwen-dual {me.version}</span>
      </span>
      <Menu
        name="Theme"
        side="right"
        items={THEMES.map(([value, label]) => ({
          label,
          checked: theme.value === value,
          run: () => (theme.value = value),
        }))}
      >
        {shownTheme.value === "dark" ? <MoonIcon /> : <SunIcon />}
      </Menu>
      <Menu name="More" side="right" items={more}>
        <MoreIcon />
      </Menu>
      <IconButton class="only-narrow" name="Close the sessions" onClick={onClose}>
        <CloseIcon />
      </IconButton>
    </footer>
  );
}

async function switchNotify(): Promise<void> {
  if (notify.peek() === "on") notify.value = "off";
  else if (!(await askToNotify())) note("The browser does not allow notifications of this page. Its settings can.", "bad");
}

async function tryToLeave(): Promise<void> {
  try {
    await leave();
  } catch (error) {
    note(error instanceof Error ? error.message : String(error), "bad");
  }
}
