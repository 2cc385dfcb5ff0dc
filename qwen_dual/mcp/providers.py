"""The SDK's providers of tokens, one for each kind of grant, and what they keep while one is got."""

from __future__ import annotations

import json
import warnings
from typing import TYPE_CHECKING, Any, TypeAlias
from urllib.parse import urlencode, urlsplit

import httpx2
from mcp.client.auth import OAuthClientProvider
from mcp.client.auth.extensions.client_credentials import (
    ClientCredentialsOAuthProvider,
    PrivateKeyJWTOAuthProvider,
    SignedJWTParameters,
)
from mcp.client.auth.extensions.identity_assertion import IdentityAssertionOAuthProvider
from mcp.client.auth.utils import issuers_match
from mcp.shared.auth import (
    OAuthClientInformationFull,
    OAuthClientMetadata,
    OAuthMetadata,
    OAuthToken,
)
from msgspec import Struct
from pydantic import AnyHttpUrl, AnyUrl, ValidationError

from qwen_dual.mcp.auth_requests import AuthFailed
from qwen_dual.protocol.sanitise import sanitise

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

    from mcp.client.auth.oauth2 import OAuthContext
    from mcp.shared.auth import AuthorizationCodeResult

    from qwen_dual.mcp.auth_requests import AuthRequests
    from qwen_dual.mcp.oauth_settings import IdentityProvider, OAuthSettings
    from qwen_dual.mcp.tokens import Credentials

CLIENT_NAME = "qwen-dual"

Provider: TypeAlias = OAuthClientProvider | IdentityAssertionOAuthProvider

_EXCHANGE = "urn:ietf:params:oauth:grant-type:token-exchange"
_ID_JAG = "urn:ietf:params:oauth:token-type:id-jag"
_ID_TOKEN = "urn:ietf:params:oauth:token-type:id_token"


class Browser(Struct, frozen=True):
    """The part of a sign-in that a person does.

    Attributes:
        redirect_uri: where the browser goes back to.
        show: takes the address that the person is to go to.
        returned: waits for the browser's return, and gives what it brings.
    """

    redirect_uri: str
    show: Callable[[str], Awaitable[None]]
    returned: Callable[[], Awaitable[AuthorizationCodeResult]]


class Memory:
    """What the SDK keeps and is given back, for the time of one flow: its ``TokenStorage``.

    Attributes:
        gained: whether there are new tokens.
    """

    def __init__(
        self, tokens: OAuthToken | None = None, client: OAuthClientInformationFull | None = None
    ) -> None:
        self.tokens = tokens
        self.client = client
        self.gained = False

    async def get_tokens(self) -> OAuthToken | None:
        """The tokens."""
        return self.tokens

    async def set_tokens(self, tokens: OAuthToken) -> None:
        """Takes new ones."""
        self.tokens = tokens
        self.gained = True

    async def get_client_info(self) -> OAuthClientInformationFull | None:
        """The registration."""
        return self.client

    async def set_client_info(self, client_info: OAuthClientInformationFull) -> None:
        """Takes a new one."""
        self.client = client_info


def machine_provider(
    url: str, settings: OAuthSettings, memory: Memory, requests: AuthRequests
) -> Provider:
    """What gets tokens without a person, by ``settings.grant_type``."""
    scope = " ".join(settings.scopes) or None
    issuer = settings.issuer or None
    with warnings.catch_warnings():  # about an issuer that the settings do not name
        warnings.simplefilter("ignore")
        if settings.grant_type == "jwt-bearer":
            provider = settings.identity_provider
            assert provider is not None

            async def vouched(audience: str, resource: str) -> str:
                return await _vouched(provider, requests, audience, resource)

            return IdentityAssertionOAuthProvider(
                url,
                memory,
                settings.client_id,
                settings.client_secret,
                settings.issuer,
                vouched,
                scope,
                "client_secret_basic",
            )
        if not settings.private_key:
            return ClientCredentialsOAuthProvider(
                url,
                memory,
                settings.client_id,
                settings.client_secret,
                scope=scope,
                issuer=issuer,
            )
        signed = SignedJWTParameters(
            issuer=settings.client_id,
            subject=settings.client_id,
            signing_key=settings.private_key,
            signing_algorithm=settings.signing_algorithm,
        )
        sign = signed.create_assertion_provider()
        return PrivateKeyJWTOAuthProvider(
            url, memory, settings.client_id, sign, scope=scope, issuer=issuer
        )


def browser_provider(
    url: str,
    settings: OAuthSettings,
    memory: Memory,
    requests: AuthRequests,
    browser: Browser | None,
) -> OAuthClientProvider:
    """What gets tokens with a person's help, or by a refresh token where ``browser`` is None."""
    redirect = browser.redirect_uri if browser is not None else "http://localhost/"
    metadata = OAuthClientMetadata(client_name=CLIENT_NAME, redirect_uris=[AnyUrl(redirect)])
    provider: OAuthClientProvider

    async def show(address: str) -> None:
        assert browser is not None
        _check_issuer(provider.context, settings)
        _choose_method(provider.context)
        if settings.audiences:
            address += "&" + urlencode({"audience": " ".join(settings.audiences)})
        await requests.check(address)
        await browser.show(address)

    provider = OAuthClientProvider(
        url,
        metadata,
        memory,
        show,
        browser.returned if browser is not None else None,
        settings.client_document or None,
    )
    return provider


def registration(
    settings: OAuthSettings, before: Credentials | None, browser: Browser | None
) -> OAuthClientInformationFull | None:
    """The registration to begin with: the settings' own, else one of before that still fits."""
    if browser is None or settings.client_document:
        return None
    redirect = AnyUrl(browser.redirect_uri)
    if settings.client_id:
        return OAuthClientInformationFull(
            client_id=settings.client_id,
            client_secret=settings.client_secret or None,
            redirect_uris=[redirect],
            token_endpoint_auth_method=None if settings.client_secret else "none",
        )
    found = client_of(before.client) if before is not None else None
    return found if found is not None and redirect in (found.redirect_uris or ()) else None


def tokens_of(credentials: Credentials) -> OAuthToken:
    """What the SDK knows of credentials."""
    return OAuthToken(
        access_token=credentials.access_token,
        refresh_token=credentials.refresh_token or None,
        scope=credentials.scope or None,
    )


def client_of(given: Mapping[str, Any]) -> OAuthClientInformationFull | None:
    """A registration that was kept; None for none, or for nothing that is one."""
    try:
        return OAuthClientInformationFull.model_validate(dict(given)) if given else None
    except ValidationError:
        return None


def metadata_of(issuer: str, token_url: str) -> OAuthMetadata | None:
    """What is known of an authorization server without asking it again."""
    try:
        endpoint = AnyHttpUrl(token_url)
        return OAuthMetadata(
            issuer=AnyHttpUrl(issuer), authorization_endpoint=endpoint, token_endpoint=endpoint
        )
    except ValidationError:
        return None


def origin_of(url: str) -> str:
    """The address without its path."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"


def _check_issuer(context: OAuthContext, settings: OAuthSettings) -> None:
    if not settings.issuer or settings.authorization_url:
        return
    metadata = context.oauth_metadata
    found = str(metadata.issuer) if metadata else origin_of(context.server_url)
    if not issuers_match(found, settings.issuer):
        raise AuthFailed(f"the server leads to {found}, and oauth.issuer is {settings.issuer}")


def _choose_method(context: OAuthContext) -> None:
    """Has a secret of the settings sent in the way that the authorization server takes."""
    client = context.client_info
    if client is None or client.token_endpoint_auth_method is not None or not client.client_secret:
        return
    metadata = context.oauth_metadata
    takes = metadata.token_endpoint_auth_methods_supported if metadata else None
    basic = not takes or "client_secret_basic" in takes
    client.token_endpoint_auth_method = "client_secret_basic" if basic else "client_secret_post"


async def _vouched(
    provider: IdentityProvider, requests: AuthRequests, audience: str, resource: str
) -> str:
    """What the identity provider says for the person (RFC 8693), to be shown to ``audience``."""
    fields = {
        "grant_type": _EXCHANGE,
        "requested_token_type": _ID_JAG,
        "subject_token": provider.id_token,
        "subject_token_type": _ID_TOKEN,
        "audience": audience,
        "resource": resource,
        "client_id": provider.client_id,
    }
    response = await requests.send(httpx2.Request("POST", provider.token_url, data=fields))
    try:
        found = response.json().get("access_token")
    except (ValueError, AttributeError):
        found = None
    if response.status_code != 200 or not isinstance(found, str):
        raise AuthFailed(f"the identity provider answers {_oauth_error(response)}")
    return found


def _oauth_error(response: httpx2.Response) -> str:
    try:
        said = json.loads(response.content)
        text = f"{said['error']}: {said.get('error_description', '')}".rstrip(": ")
    except (ValueError, KeyError, TypeError, AttributeError):
        text = f"HTTP {response.status_code}"
    return sanitise(text)[:300]
