"""Links and images in parsed Markdown: which become hyperlinks, which show their address. Pure.

Works on the parser's tokens, before anything is laid out.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from markdown_it.token import Token

from qwen_dual.frontends.tui.text.links import misleads
from qwen_dual.protocol.hyperlinks import safe_target

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence


def with_links(tokens: Iterable[Token], *, hyperlinks: bool) -> list[Token]:
    """``tokens`` with each link resolved, and each image named where it stands.

    A link that may be a hyperlink keeps its target. Any other loses it and is followed by its
    address in parentheses, unless its text is the address. An image is a link to itself, but for one
    that is a link's text, or that holds its own data.
    """
    resolved: list[Token] = []
    for token in tokens:
        if token.type == "inline" and token.children:
            # rich would print an image before the paragraph that it stands in, on a row of any length.
            children = _with_images_named(token.children)
            token.children = _resolved(children, hyperlinks=hyperlinks)
        resolved.append(token)
    return resolved


def _with_images_named(children: Iterable[Token]) -> list[Token]:
    result: list[Token] = []
    in_link = False
    for token in children:
        in_link = token.type == "link_open" or (in_link and token.type != "link_close")
        if token.type != "image":
            result.append(token)
            continue
        source = str(token.attrs.get("src", ""))
        own_data = source.startswith("data:")
        named = token.content or ("" if own_data else source)
        text = Token("text", "", 0, content=f"[image: {named}]" if named else "[image]")
        if in_link or own_data or named == source:
            result.append(text)
        else:
            link = Token("link_open", "a", 1, attrs={"href": source})
            result += [link, text, Token("link_close", "a", -1)]
    return result


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
