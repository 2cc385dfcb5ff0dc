import type { Me } from "../wire";
import { LinksDialog } from "./links_dialog";
import { NewSessionDialog } from "./new_session_dialog";
import { ShortcutsDialog } from "./shortcuts_dialog";

export type OpenDialog = "shortcuts" | "new" | "links";

/** The dialog that is open. */
export function Dialogs({ which, me, onClose }: { which: OpenDialog; me: Me; onClose(): void }) {
  if (which === "shortcuts") return <ShortcutsDialog onClose={onClose} />;
  if (which === "new") return <NewSessionDialog folder={me.folder} onClose={onClose} />;
  return <LinksDialog me={me} onClose={onClose} />;
}
