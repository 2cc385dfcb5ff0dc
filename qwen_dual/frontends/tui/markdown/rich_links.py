"""Links in parsed Markdown: which become hyperlinks, which show their address. Pure.

Works on the parser's tokens, before anything is laid out.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from markdown_it.token import Token

from qwen_dual.frontends.tui.text.links import misleads, safe_target

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence


def with_links(tokens: Iterable[Token], *, hyperlinks: bool) -> list[Token]:
    """``tokens`` with each link resolved.

    A link that may be a hyperlink keeps its target. Any other loses it and is followed by its
    address in parentheses, unless its text is the address.
    """
    resolved: list[Token] = []
    for token in tokens:
        if token.type == "inline" and token.children:
            token.children = _resolved(token.children, hyperlinks=hyperlinks)
        resolved.append(token)
    return resolved


def _resolved(children: Sequence[Token], *, hyperlinks: bool) -> list[Token]:
    result: list[Token] = []
    opened: tuple[Token, int] | None = None
    for token in children:
        result.append(token)
        if token.type == "link_open":
            opened = token, len(result)
        elif token.type == "link_close" and opened is not None:
            link, start = opened
            text = "".join(inner.content or " " * _is_break(inner) for inner in result[start:-1])
            result += _resolve(link, text, hyperlinks=hyperlinks)
            opened = None
    return result


def _resolve(link: Token, text: str, *, hyperlinks: bool) -> list[Token]:
    """Sets the target of ``link``; returns what belongs behind it."""
    href = str(link.attrs.get("href", ""))
    target = safe_target(href) if hyperlinks else None
    if target is not None and not misleads(text, target):
        link.attrs["href"] = target
        return []
    link.attrs["href"] = ""
    if not href or text.strip() in (href, href.removeprefix("mailto:")):
        return []
    return [
        Token("text", "", 0, content=" "),
        Token("url_open", "url", 1),
        Token("text", "", 0, content=f"({href})"),
        Token("url_close", "url", -1),
    ]


def _is_break(token: Token) -> bool:
    return token.type in ("softbreak", "hardbreak")
