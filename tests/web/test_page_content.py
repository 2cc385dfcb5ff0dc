"""Content that tries to become part of the page: of a model, a tool, a file's name, a title, a draft."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.support.program import COMMAND
from tests.web.browser import needs_browser
from tests.web.support import served
from tests.web.whole_page import Shown, call, scripted, text

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from playwright.sync_api import BrowserContext

pytestmark = needs_browser

MARK = "<img src=x onerror='window.harmed=1'><script>window.harmed=1</script>"
MARKDOWN = f"""{MARK}

[a link](javascript:window.harmed=1) [data](data:text/html,<script>window.harmed=1</script>)
![picture](https://tracker.example/x.png) <a href="javascript:window.harmed=1">raw</a>

```html
{MARK}
```

| {MARK} | b |
|---|---|
| <iframe srcdoc="<script>parent.harmed=1</script>"></iframe> | <svg onload="window.harmed=1"> |

the end"""


@pytest.mark.parametrize("bypass_csp", [False, True], ids=["policy", "no policy"])
def test_nothing_that_is_said_or_named_becomes_part_of_the_page(
    tmp_path: Path, visitor: Callable[..., BrowserContext], bypass_csp: bool
) -> None:
    name = "<img src=x onerror=window.harmed=1>.txt"
    script = scripted(
        tmp_path,
        call("write_file", file_path=str(tmp_path / "work" / name), content=MARK),
        call("run_shell_command", command=f"printf %s {MARK!r}", description=MARK),
        text(MARKDOWN),
    )
    command = [*COMMAND, *script, "--yolo"]
    with served(tmp_path, command=command) as server:
        server.enter().start_session()
        context = visitor(bypass_csp=bypass_csp)
        asked: list[str] = []
        context.on("request", lambda request: asked.append(request.url))
        shown = Shown(context.new_page()).go(server)
        shown.say(f"begin {MARK}")
        shown.sees("the end")

        def marks() -> int:
            shown.unfold()
            return shown.log.inner_text().count(MARK)

        shown.until(lambda: marks() >= 5, "it is shown as it is")
        assert shown.page.evaluate("window.harmed") is None
        found = "iframe, svg[onload], [onerror], [href^='javascript:'], [href^='data:'], img"
        assert shown.log.locator(found).count() == 0
        assert [url for url in asked if not url.startswith(server.origin)] == []
