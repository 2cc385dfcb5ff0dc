import "./styles/tokens.css";
import "./styles/base.css";
import "./ui/ui.css";
import "./app/app.css";

import { render } from "preact";

import { access, enter, tokenOf } from "./app/access";
import { Entry } from "./app/entry";
import { Frame } from "./app/frame";
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
window.addEventListener("hashchange", () => {
  if (tokenOf(location.hash) !== null) void enter();
});
void enter();
render(<Page />, document.getElementById("page")!);
