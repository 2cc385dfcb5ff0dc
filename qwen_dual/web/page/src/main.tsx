import "./ui/effects";
import "./styles/tokens.css";
import "./styles/base.css";
import "./ui/ui.css";
import "./app/app.css";

import { render } from "preact";

import { access, enter, tokenOf } from "./app/access";
import { Entry } from "./app/entry";
import { Frame } from "./app/frame";
import { narrow } from "./app/narrow";
import { view } from "./app/preferences";
import { preloadTerminal } from "./app/terminal_pane";
import { followTheme } from "./app/theme";
import { Announcements } from "./ui/announce";
import { Notes } from "./ui/notes";

function Page() {
  const now = access.value;
  return (
    <>
      {now.state === "in" ? <Frame me={now.me} /> : <Entry access={now} />}
      <Announcements />
      <Notes />
    </>
  );
}

followTheme();
// Before it is known who comes in, and to what: the terminal's piece is the longest to wait for.
if (view.peek() === "terminal" || (view.peek() === "split" && !narrow.peek())) preloadTerminal();
window.addEventListener("hashchange", () => {
  if (tokenOf(location.hash) !== null) void enter();
});
void enter();
render(<Page />, document.getElementById("page")!);
