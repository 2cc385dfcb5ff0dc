"""How to sign in at a server: ``oauth`` of its configuration, read and checked.

The keys are Qwen Code's. ``grantType`` and what goes with it are for machines that sign in where no
person is: ``client_credentials`` with a secret or a key, and ``jwt-bearer`` with what an identity
provider vouches for.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal
from urllib.parse import urlsplit

from msgspec import Struct, ValidationError, convert

from qwen_dual.net.addresses import literal
from qwen_dual.protocol.records import shown

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

CALLBACK_PORT = 7777
CALLBACK_PATH = "/oauth/callback"

GrantType = Literal["authorization_code", "client_credentials", "jwt-bearer"]
"""A person in a browser; the program itself; the program for a person whom somebody vouches for."""


class BadOAuth(ValueError):
    """Something of ``oauth`` cannot be used; the text names the key and says what is wrong."""


class IdentityProvider(Struct, frozen=True, rename="camel"):
    """Who vouches for the person, with ``jwt-bearer``.

    Attributes:
        token_url: where a token for the server is got against ``id_token``.
        client_id: of this program there.
        id_token: the person's, of this provider.
    """

    token_url: str
    client_id: str
    id_token: str

    def __repr__(self) -> str:
        return shown(self, without={"id_token"})


class OAuthSettings(Struct, frozen=True, rename="camel"):
    """How to sign in.

    Attributes:
        enabled: whether signing in is tried at all.
        client_id: of this program, where it is registered by hand; an ``https`` URL names a document
            that says who it is.
        client_secret: goes with it.
        authorization_url: the page for the browser; found out where empty.
        token_url: where tokens are got; given with the one before.
        registration_url: where the program is registered.
        scopes: asked for in place of what the server says.
        audiences: sent along where the service wants them.
        redirect_uri: where the browser goes back to.
        grant_type: see ``GrantType``.
        issuer: the only authorization server that gets the client's credentials.
        private_key: PEM; signs in place of a secret.
        signing_algorithm: that of the key.
        identity_provider: for ``jwt-bearer``.
    """

    enabled: bool = True
    client_id: str = ""
    client_secret: str = ""
    authorization_url: str = ""
    token_url: str = ""
    registration_url: str = ""
    scopes: tuple[str, ...] = ()
    audiences: tuple[str, ...] = ()
    redirect_uri: str = ""
    grant_type: GrantType = "authorization_code"
    issuer: str = ""
    private_key: str = ""
    signing_algorithm: str = "RS256"
    identity_provider: IdentityProvider | None = None

    def __repr__(self) -> str:
        return shown(self, without={"client_secret", "private_key"})

    @property
    def needs_a_person(self) -> bool:
        """Whether somebody has to go to a browser for it."""
        return self.grant_type == "authorization_code"

    @property
    def client_document(self) -> str:
        """The URL of the document that says who this program is; empty for none."""
        parts = urlsplit(self.client_id)
        return self.client_id if parts.scheme == "https" and parts.path not in ("", "/") else ""


def read_oauth(given: Mapping[str, Any]) -> OAuthSettings:
    """The settings that ``oauth`` of a server is; unknown keys are ignored.

    Raises:
        BadOAuth: one of them cannot be used.
    """
    try:
        found = convert(given, OAuthSettings)
    except ValidationError as error:
        said, _, where = str(error).replace("`", "").partition(" - at $")
        raise BadOAuth(f"oauth{where}: {said[:1].lower()}{said[1:]}") from None
    for key in ("authorizationUrl", "tokenUrl", "registrationUrl", "redirectUri", "issuer"):
        value = given.get(key)
        if value and not _is_web(value):
            raise BadOAuth(f"oauth.{key}: {value!r} is no http or https address")
    if bool(found.authorization_url) > bool(found.token_url):
        raise BadOAuth("oauth.authorizationUrl needs oauth.tokenUrl with it")
    _check_grant(found)
    return found


def callback_of(redirect_uri: str) -> tuple[int, str]:
    """The port and the path at which the browser's return is waited for.

    An address elsewhere is one that somebody leads on to the usual port here.
    """
    parts = urlsplit(redirect_uri)
    if not redirect_uri or not is_loopback(parts.hostname or ""):
        return CALLBACK_PORT, CALLBACK_PATH
    return parts.port or 80, parts.path or "/"


def is_loopback(host: str) -> bool:
    """Whether a host in an address is this machine for sure."""
    address = literal(host)
    return host == "localhost" if address is None else address.is_loopback


def _check_grant(found: OAuthSettings) -> None:
    match found.grant_type:
        case "client_credentials" if not (
            found.client_id and (found.client_secret or found.private_key)
        ):
            raise BadOAuth(
                "oauth.grantType client_credentials needs oauth.clientId, and oauth.clientSecret or "
                "oauth.privateKey"
            )
        case "jwt-bearer" if not (
            found.client_id and found.client_secret and found.issuer and found.identity_provider
        ):
            raise BadOAuth(
                "oauth.grantType jwt-bearer needs oauth.clientId, oauth.clientSecret, oauth.issuer "
                "and oauth.identityProvider"
            )


def _is_web(value: object) -> bool:
    if not isinstance(value, str) or not value.isprintable() or " " in value:
        return False
    try:
        parts = urlsplit(value)
        return parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        return False
