"""Signing in at the MCP servers of a session, and out: what a person is shown, and when a browser opens."""

from __future__ import annotations

import logging
from functools import partial
from typing import TYPE_CHECKING, Any

from qwen_dual.core.failures import describe
from qwen_dual.mcp.bounds import line
from qwen_dual.mcp.errors import ServerFailure
from qwen_dual.mcp.servers import NoSuchServer
from qwen_dual.runtime.browser import open_page

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

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
        opened only for a person who asks at the keyboard.

        Raises:
            ServerFailure: one does not sign in there.
            NoSuchServer: there is none of that name.
        """
        if self._servers.config(name).transport not in ("http", "sse"):
            raise ServerFailure("only servers with an address ask for signing in")
        self._spawn(partial(self._sign_in, name, opens=actor.at_keyboard))
        return f"Signing in at {line(name)} …"

    def bring(self, name: str, address: str) -> str:
        """Takes the address that a browser elsewhere ended at; what is to be said.

        Raises:
            ServerFailure: nobody is signing in there, or it is of another sign-in.
        """
        shown, callback = line(name), self._waiting.get(name)
        if callback is None:
            raise ServerFailure(f"nobody is signing in at {shown}; /mcp auth {shown} begins it")
        if not callback.take(address.strip()):
            raise ServerFailure("that is not the address that this sign-in comes back to")
        return f"Signing in at {shown} goes on."

    def end(self, name: str) -> str:
        """Begins to forget a sign-in; what is to be said at once.

        Raises:
            NoSuchServer: there is none of that name.
        """
        self._servers.config(name)
        self._spawn(partial(self._sign_out, name))
        return f"Signing out at {line(name)} …"

    def _spawn(self, work: Callable[[], Coroutine[Any, Any, None]]) -> None:
        if self._parts.spawn is not None:  # else the session is just ending
            self._parts.spawn(work)

    async def _sign_in(self, name: str, *, opens: bool) -> None:
        notice, shown = self._parts.session.notice, line(name)

        async def show(address: str) -> None:
            opened = opens and await open_page(address, self._launch.env)
            how = "Your browser is to open this" if opened else "Open this in a browser"
            notice(
                f"{how}, to sign in at {shown}: {address}\nA browser on another machine ends at a page "
                f"that it cannot reach: give its address to /mcp auth {shown} ADDRESS."
            )

        def remember(callback: Callback) -> None:
            self._waiting[name] = callback

        try:
            await self._servers.sign_in(name, show, remember)
        except (ServerFailure, NoSuchServer) as error:
            notice(f"You are not signed in at {shown}: {str(error).rstrip('.')}.", "error")
        except Exception as error:  # a failure here must not end the session
            log.exception("signing in at %s failed", name)
            notice(f"You are not signed in at {shown}: {describe(error)}.", "error")
        else:
            notice(f"You are signed in at {shown}.")
            self._parts.signed_in(shown)
        finally:
            self._waiting.pop(name, None)

    async def _sign_out(self, name: str) -> None:
        notice, shown = self._parts.session.notice, line(name)
        try:
            was = await self._servers.sign_out(name)
        except (ServerFailure, NoSuchServer) as error:
            notice(f"You are not signed out at {shown}: {str(error).rstrip('.')}.", "error")
        else:
            said = "You are signed out at" if was else "Nobody was signed in at"
            notice(f"{said} {shown}.")
