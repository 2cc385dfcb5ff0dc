"""Who is signed in at the servers of a session: tokens are kept, renewed, got and forgotten here.

Nothing in here opens a browser by itself: a server that needs a person waits until one asks to sign in.
"""

from __future__ import annotations

import logging
from contextlib import ExitStack
from typing import TYPE_CHECKING, TypeVar

import anyio
from anyio import to_thread

from qwen_dual.mcp.callback import open_callback
from qwen_dual.mcp.errors import ServerFailure
from qwen_dual.mcp.oauth_settings import BadOAuth, read_oauth
from qwen_dual.mcp.tokens import TokensUnusable

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping, Sequence

    import httpx2
    from mcp.shared.auth import AuthorizationCodeResult

    from qwen_dual.mcp.callback import Callback
    from qwen_dual.mcp.challenge import Challenge
    from qwen_dual.mcp.config import ServerConfig
    from qwen_dual.mcp.grants import Grants
    from qwen_dual.mcp.oauth_settings import OAuthSettings
    from qwen_dual.mcp.tokens import Credentials, TokenStore

    Connects = Callable[[str, Sequence[str] | None], Awaitable[httpx2.AsyncClient]]
    """Makes the client for a URL, which connects to the given addresses alone."""

T = TypeVar("T")

log = logging.getLogger(__name__)

EARLY = 30.0
"""Seconds before its end at which a token is renewed."""

SIGN_IN_SECONDS = 300.0
"""How long a person may take in the browser."""


class NotSignedIn(ServerFailure):
    """Signing in came to nothing; the text says why."""


class Authorizations:
    """Those of all servers of a session.

    Args:
        store: keeps what a person signed in to.
        proxy: the proxy of the settings.
        env: the environment of the session, now.
        secret: told of every token, so that none is ever shown or logged.

    Attributes:
        on_needed: told the name of a server that wants somebody to sign in.
    """

    def __init__(
        self,
        store: TokenStore,
        proxy: str | None,
        env: Callable[[], Mapping[str, str]],
        secret: Callable[[str], object] = lambda value: None,
    ) -> None:
        self._store = store
        self._proxy = proxy
        self._env = env
        self._secret = secret
        self.on_needed: Callable[[str], object] = lambda name: None
        self._of: dict[str, Authorization] = {}

    def auth(self, config: ServerConfig) -> httpx2.Auth:
        """Signs the requests of a connection to a server; the SDK is imported.

        Raises:
            ServerFailure: its ``oauth`` cannot be used.
        """
        from qwen_dual.mcp.bearer import Bearer, Unsigned

        if any(name.lower() == "authorization" for name in config.headers):
            return Unsigned("it refuses the Authorization of its headers (HTTP 401)")
        authorization = self.of(config)
        if not authorization.settings.enabled:
            return Unsigned("it asks for signing in, and oauth.enabled is false (HTTP 401)")
        return Bearer(authorization)

    def of(self, config: ServerConfig) -> Authorization:
        """The one for a server.

        Raises:
            ServerFailure: its ``oauth`` cannot be used.
        """
        found = self._of.get(config.name)
        if found is None or found.config != config:
            try:
                settings = read_oauth(config.oauth)
            except BadOAuth as error:
                raise ServerFailure(str(error)) from None
            found = Authorization(config, settings, self._store, self._connect(), self._secret)
            found.on_needed = self._needed
            self._of[config.name] = found
        return found

    def _needed(self, name: str) -> None:
        self.on_needed(name)

    def _connect(self) -> Connects:
        async def connect(url: str, at: Sequence[str] | None) -> httpx2.AsyncClient:
            from qwen_dual.mcp.auth_requests import Connect

            return await Connect(self._proxy, self._env)(url, at)

        return connect


class Authorization:
    """That of one server.

    Args:
        config: of the server.
        settings: its ``oauth``.
        store: keeps what a person signed in to.
        connect: makes the client for an address.
        secret: told of every token.
    """

    def __init__(
        self,
        config: ServerConfig,
        settings: OAuthSettings,
        store: TokenStore,
        connect: Connects,
        secret: Callable[[str], object],
    ) -> None:
        self.config = config
        self.settings = settings
        self.on_needed: Callable[[str], object] = lambda name: None
        self._store = store
        self._connect = connect
        self._secret = secret
        self._credentials: Credentials | None = None
        self._challenge: Challenge | None = None
        self._loaded = False
        self._lock = anyio.Lock()
        self._signing_in = False

    # -- for the requests of a connection ------------------------------------------------------

    async def token(self) -> str:
        """The token to send; empty for none.

        Raises:
            AuthFailed: it has expired, and another cannot be had for now.
        """
        async with self._lock:
            await self._load()
            held = self._credentials
            if held is not None and held.expired(EARLY):
                try:
                    await self._renew(held)
                except ServerFailure:
                    if held.expired():
                        raise
            return self._credentials.access_token if self._credentials else ""

    async def refused(self, challenge: Challenge, used: str) -> bool:
        """Whether there is another token after the server has refused one.

        Args:
            challenge: how it did.
            used: the token that was sent; empty for none.
        """
        async with self._lock:
            held = self._credentials
            if held is not None and held.access_token != used:
                return True
            if held is not None and challenge.status == 401 and await self._renew(held):
                return True
            if self.settings.needs_a_person:
                return False
            # Nobody is asked for it, so it is not kept either.
            self._use(await self._grants().obtain(challenge, held))
            return True

    def needs_sign_in(self, challenge: Challenge) -> None:
        """Remembers how the server refused, for when a person signs in."""
        self._challenge = challenge
        # The SDK's transport for SSE goes on after a message that could not be sent, and would wait.
        if challenge.status == 401 and self.config.transport == "sse":
            self.on_needed(self.config.name)

    # -- for a person ----------------------------------------------------------------------------

    async def sign_in(
        self,
        show: Callable[[str], Awaitable[None]],
        opened: Callable[[Callback], object] = lambda callback: None,
    ) -> None:
        """Signs the person in, by way of their browser where that is the way.

        Args:
            show: takes the address to go to.
            opened: takes the place where the browser's return is waited for.

        Raises:
            ServerFailure: it came to nothing.
        """
        if self.config.transport not in ("http", "sse"):
            raise NotSignedIn("only servers with an address ask for signing in")
        if not self.settings.enabled:
            raise NotSignedIn("its oauth.enabled is false")
        if self._signing_in:
            raise NotSignedIn("somebody is signing in there already")
        self._signing_in = True
        try:
            with anyio.fail_after(SIGN_IN_SECONDS):
                await self._sign_in(show, opened)
        except TimeoutError:
            minutes = round(SIGN_IN_SECONDS / 60)
            raise NotSignedIn(f"nobody came back from the browser in {minutes} minutes") from None
        except TokensUnusable as error:
            raise NotSignedIn(f"you are signed in for this session alone: {error}") from None
        finally:
            self._signing_in = False

    async def sign_out(self) -> bool:
        """Forgets the sign-in; False when there is none.

        Raises:
            ServerFailure: the file that it is kept in cannot be changed.
        """
        async with self._lock:
            had = self._credentials is not None
            self._credentials = None
            try:
                return await self._stored(self._store.forget) or had
            except TokensUnusable as error:
                raise ServerFailure(str(error)) from None

    async def _sign_in(
        self,
        show: Callable[[str], Awaitable[None]],
        opened: Callable[[Callback], object],
    ) -> None:
        from qwen_dual.mcp.sdk import import_sdk

        await import_sdk()
        settings = self.settings
        grants = self._grants()
        async with self._lock:
            await self._load()
        if not settings.needs_a_person:
            self._use(await grants.obtain(self._challenge, self._credentials))
            self._challenge = None
            return
        any_port = not settings.client_id
        async with open_callback(settings.redirect_uri, any_port=any_port) as callback:
            from mcp.shared.auth import AuthorizationCodeResult

            from qwen_dual.mcp.providers import Browser

            async def tell(url: str) -> None:
                callback.expect(url)
                opened(callback)
                await show(url)

            async def returned() -> AuthorizationCodeResult:
                brought = await callback.returned()
                return AuthorizationCodeResult(
                    code=brought.code, state=brought.state, iss=brought.issuer
                )

            browser = Browser(callback.redirect_uri, tell, returned)
            gained = await grants.obtain(self._challenge, self._credentials, browser)
        async with self._lock:
            self._use(gained)
            self._challenge = None
            await to_thread.run_sync(self._store.put, gained)

    # -- what is kept ----------------------------------------------------------------------------

    async def _load(self) -> None:
        if self._loaded:
            return
        self._loaded = True
        if not self.settings.needs_a_person:
            return
        try:
            found = await self._stored(self._store.get)
        except TokensUnusable as error:
            log.warning("%s", error)
            return
        if found is not None:
            self._use(found)

    def _use(self, credentials: Credentials) -> None:
        for value in (credentials.access_token, credentials.refresh_token):
            self._secret(value)
        self._secret(str(credentials.client.get("client_secret") or ""))
        self._credentials = credentials

    async def _renew(self, held: Credentials) -> bool:
        """Gets another token in place of ``held``; False where only a person can.

        Of several programs that find it expired one uses the refresh token, which often works only
        once, and the others find what that one got.

        Raises:
            AuthFailed: nobody could be asked.
        """
        with ExitStack() as stack:
            try:
                lock = self._store.locked("refresh")
                await to_thread.run_sync(stack.enter_context, lock)
                found = await self._stored(self._store.get)
            except TokensUnusable as error:
                log.warning("%s", error)
                found = held
            if found is not None and found.access_token != held.access_token:
                self._use(found)
                if not found.expired():
                    return True
                held = found
            if not held.refresh_token:
                return False
            renewed = await self._grants().refresh(held)
            try:
                if renewed is None:
                    log.info("%s: the sign-in is no longer good", self.config.name)
                    self._credentials = None
                    await self._stored(self._store.forget)
                    return False
                self._use(renewed)
                await to_thread.run_sync(self._store.put, renewed)
            except TokensUnusable as error:
                log.warning("%s", error)
        return True

    async def _stored(self, ask: Callable[[str, str], T]) -> T:
        return await to_thread.run_sync(ask, self.config.name, self.config.url)

    def _grants(self) -> Grants:
        from qwen_dual.mcp.auth_requests import AuthRequests
        from qwen_dual.mcp.grants import Grants

        settings, config = self.settings, self.config
        provider = settings.identity_provider
        chosen = (
            settings.authorization_url,
            settings.token_url,
            settings.registration_url,
            provider.token_url if provider is not None else "",
        )
        requests = AuthRequests(config.url, self._connect, chosen)
        sse = config.transport == "sse"
        return Grants(config.name, config.url, sse, settings, requests)
