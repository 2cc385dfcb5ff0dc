"""Signing in at the MCP servers of a session, and out: what a person is shown, and when a browser opens."""

from __future__ import annotations

import logging
from functools import partial
from typing import TYPE_CHECKING

from qwen_dual.core.actor import KEYBOARD
from qwen_dual.core.failures import describe
from qwen_dual.mcp.bounds import line
from qwen_dual.mcp.errors import ServerFailure
from qwen_dual.runtime.browser import open_page

if TYPE_CHECKING:
    from qwen_dual.core.actor import Actor
    from qwen_dual.mcp.callback import Callback
    from qwen_dual.mcp.servers import Servers
    from qwen_dual.runtime.assembly import Parts
    from qwen_dual.runtime.launch import Launch

log = logging.getLogger(__name__)


class SignIns:
    """Those of one session.

    Args:
        launch: what was decided at the start.
        parts: the session and what belongs to it.
        servers: its servers.
    """

    def __init__(self, launch: Launch, parts: Parts, servers: Servers) -> None:
        self._launch = launch
        self._parts = parts
        self._servers = servers
        self._waiting: dict[str, Callback] = {}

    def begin(self, name: str, actor: Actor) -> str:
        """Begins to sign the person in; what is to be said at once.

        The rest is told when it comes: the address for the browser, and how it went. A browser is
        opened only where the person sits at this terminal.

        Raises:
            ServerFailure: it cannot be signed in there.
            NoSuchServer: there is none of that name.
        """
        config = self._servers.config(name)
        if config.transport not in ("http", "sse"):
            raise ServerFailure("only servers with an address ask for signing in")
        if self._parts.spawn is None:
            raise ServerFailure("the session is just ending")
        self._parts.spawn(partial(self._sign_in, name, opens=actor == KEYBOARD))
        return f"Signing in at {line(name)}…"

    def bring(self, name: str, address: str) -> str:
        """Takes the address that a browser elsewhere ended at; what is to be said.

        Raises:
            ServerFailure: nobody is signing in there, or it is of another sign-in.
        """
        callback = self._waiting.get(name)
        if callback is None:
            raise ServerFailure(
                f"nobody is signing in at {line(name)}; /mcp auth {line(name)} does"
            )
        if not callback.take(address.strip()):
            raise ServerFailure("that is not the address that this sign-in comes back to")
        return "Taken."

    async def sign_out(self, name: str) -> str:
        """Forgets a sign-in; what is to be said.

        Raises:
            ServerFailure: it cannot be forgotten.
            NoSuchServer: there is none of that name.
        """
        was = await self._servers.sign_out(name)
        shown = line(name)
        return f"Signed out of {shown}." if was else f"Nobody was signed in at {shown}."

    async def _sign_in(self, name: str, *, opens: bool) -> None:
        notice, shown = self._parts.session.notice, line(name)

        async def show(address: str) -> None:
            opened = opens and await open_page(address, self._launch.env)
            how = "Your browser opens" if opened else "Go with your browser to"
            more = (
                "If that browser runs on another machine it ends at an address that it cannot reach: "
                f"give it to /mcp auth {shown} ADDRESS."
            )
            notice(f"{how} {address}\nto sign in at {shown}. {more}")

        def remember(callback: Callback) -> None:
            self._waiting[name] = callback

        try:
            await self._servers.sign_in(name, show, remember)
        except ServerFailure as error:
            notice(f"Signing in at {shown} did not work: {str(error).rstrip('.')}.", "error")
        except Exception as error:
            log.exception("signing in at %s failed", name)
            notice(f"Signing in at {shown} did not work: {describe(error)}.", "error")
        else:
            notice(f"You are signed in at {shown}.")
        finally:
            self._waiting.pop(name, None)
