"""The keys of one MCP server: an entry of ``mcpServers``, in the settings, ``.mcp.json`` or a flag.

Read only where somebody configures a server: ``keys`` has what stands around it. An entry with a wrong
value that says what is run, where it goes or what may be called is not used at all.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final, Literal

from qwen_dual.settings.key import Key, Section
from qwen_dual.settings.rules import (
    ANY_TEXT,
    BOOLEAN,
    ENV_VALUE,
    MILLISECONDS,
    PATH,
    TEXT,
    URL,
    MapOf,
    Rule,
    WrongValue,
    is_one_ascii_line,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

_BRACED = r"\$\{(\w+)"


def _header(value: Any) -> bool:
    if not isinstance(value, str) or not is_one_ascii_line(value):
        return False
    if missing := re.search(_BRACED, value):
        raise WrongValue(f"variables that are set, and {missing[1]} is not")
    return True


def _all_of(rule: Rule[Any], words: str) -> Rule[Any]:
    """A list of which nothing can be left out without saying something else."""
    return Rule(words, lambda value: isinstance(value, list) and all(map(rule.accepts, value)))


ARGUMENTS: Rule[Sequence[str]] = _all_of(ANY_TEXT, "a list of texts")
NAMES: Rule[Sequence[str]] = _all_of(TEXT, "a list of names")
RESOLVED_HEADER: Rule[str] = Rule("a text of one line in ASCII", _header)
TYPE: Rule[str] = Rule(
    "one of stdio, http, sse",
    lambda value: value in ("stdio", "http", "sse", "streamable-http", "streamableHttp", "sdk"),
)
NEGOTIATION: Rule[Literal["legacy", "auto"]] = Rule(
    "one of legacy, auto", lambda value: value in ("legacy", "auto")
)
GRANT: Rule[str] = Rule(
    "one of authorization_code, client_credentials, jwt-bearer",
    lambda value: value in ("authorization_code", "client_credentials", "jwt-bearer"),
)
PROVIDER: Rule[str] = Rule(
    "dynamic_discovery: signing in with a Google account is not here",
    lambda value: value == "dynamic_discovery",
)

COMMAND = Key("command", TEXT, "", doc="The program that is the server.", vital=True)
ARGS = Key("args", ARGUMENTS, (), doc="Its arguments.", vital=True)
ENV = Key(
    "env",
    MapOf(ENV_VALUE),
    {},
    doc="Variables it gets besides those that commands get; keys of models it gets only here.",
)
CWD = Key("cwd", PATH, "", doc="The folder it starts in; the session's unless set.", vital=True)
HTTP_URL = Key("httpUrl", URL, "", doc="Where a server of streamable HTTP is.", vital=True)
SERVER_URL = Key(
    "url",
    URL,
    "",
    doc="Where a server of SSE is; with `type` `http`, of streamable HTTP.",
    vital=True,
)
KIND = Key(
    "type",
    TYPE,
    "",
    doc="How it is spoken to, as Claude Code has it; else what is set says.",
    vital=True,
)
HEADERS = Key("headers", MapOf(RESOLVED_HEADER), {}, doc="Headers of each request, for a URL.")
TIMEOUT = Key("timeout", MILLISECONDS, 600_000, doc="Milliseconds that one call may take.")
DISCOVERY = Key(
    "discoveryTimeoutMs",
    MILLISECONDS,
    None,
    doc="Milliseconds until it has said what it has; without it 30,000 for a program, 5,000 for a URL.",
)
TRUST = Key(
    "trust",
    BOOLEAN,
    default=False,
    doc="Whether its tools run unasked; counts in a trusted folder only.",
)
SANDBOX = Key(
    "sandbox",
    BOOLEAN,
    default=True,
    doc="Whether its program runs in the sandbox, where there is one; your own settings alone say no.",
)
DESCRIPTION = Key("description", TEXT, "", doc="A line for `/mcp`.")
INCLUDE = Key(
    "includeTools", NAMES, None, doc="The only tools of it that the model is given.", vital=True
)
EXCLUDE = Key(
    "excludeTools", NAMES, (), doc="Tools of it that the model is not given; wins.", vital=True
)
NEGOTIATE = Key(
    "versionNegotiation",
    NEGOTIATION,
    None,
    doc="Which revision of the protocol is tried first: `legacy` that of 2025, `auto` that of 2026. "
    "Without it a program is `legacy`, a URL `auto`.",
)
AUTH_PROVIDER = Key("authProviderType", PROVIDER, "", doc="How one signs in.", vital=True)
OAUTH_ENABLED = Key(
    "oauth.enabled", BOOLEAN, default=True, doc="Whether one can sign in where it asks for that."
)
OAUTH_CLIENT_ID = Key("oauth.clientId", TEXT, "", doc="The client that is registered there.")
OAUTH_CLIENT_SECRET = Key("oauth.clientSecret", TEXT, "", doc="Its secret.")
OAUTH_AUTHORIZATION_URL = Key(
    "oauth.authorizationUrl", URL, "", doc="Where one signs in; discovered unless set."
)
OAUTH_TOKEN_URL = Key(
    "oauth.tokenUrl", URL, "", doc="Where tokens come from; discovered unless set."
)
OAUTH_SCOPES = Key("oauth.scopes", NAMES, (), doc="What one signs in for.")
OAUTH_REDIRECT = Key("oauth.redirectUri", URL, "", doc="Where the browser goes after that.")
OAUTH_AUDIENCES = Key("oauth.audiences", NAMES, (), doc="For whom the tokens are.")
OAUTH_REGISTRATION_URL = Key(
    "oauth.registrationUrl", URL, "", doc="Where a client is registered; discovered unless set."
)
OAUTH_GRANT = Key(
    "oauth.grantType",
    GRANT,
    "authorization_code",
    doc="How tokens are got: by a person in a browser, by the client itself, or by what "
    "`oauth.identityProvider` says for a person.",
    vital=True,
)
OAUTH_ISSUER = Key(
    "oauth.issuer", URL, "", doc="The only authorization server that the client shows itself to."
)
OAUTH_KEY = Key("oauth.privateKey", TEXT, "", doc="The client's key, PEM, in place of a secret.")
OAUTH_ALGORITHM = Key("oauth.signingAlgorithm", TEXT, "RS256", doc="How that key signs.")
OAUTH_PROVIDER_URL = Key(
    "oauth.identityProvider.tokenUrl", URL, "", doc="Where the provider gives its word."
)
OAUTH_PROVIDER_CLIENT = Key("oauth.identityProvider.clientId", TEXT, "", doc="The client there.")
OAUTH_PROVIDER_TOKEN = Key(
    "oauth.identityProvider.idToken", TEXT, "", doc="The person's token of that provider."
)

SERVER: Final = Section(
    (
        *(COMMAND, ARGS, ENV, CWD, HTTP_URL, SERVER_URL, KIND, HEADERS, TIMEOUT, DISCOVERY),
        *(TRUST, SANDBOX, DESCRIPTION, INCLUDE, EXCLUDE, NEGOTIATE, AUTH_PROVIDER),
        *(OAUTH_ENABLED, OAUTH_CLIENT_ID, OAUTH_CLIENT_SECRET, OAUTH_AUTHORIZATION_URL),
        *(OAUTH_TOKEN_URL, OAUTH_SCOPES, OAUTH_REDIRECT, OAUTH_AUDIENCES),
        *(OAUTH_REGISTRATION_URL, OAUTH_GRANT, OAUTH_ISSUER, OAUTH_KEY, OAUTH_ALGORITHM),
        *(OAUTH_PROVIDER_URL, OAUTH_PROVIDER_CLIENT, OAUTH_PROVIDER_TOKEN),
    )
)
"""One entry."""
