"""HTML to Markdown, as a program of its own.

A large or hostile page keeps the interpreter busy for seconds and takes hundreds of megabytes; as a
process it can be ended, and its memory goes with it. It runs by its path, with nothing of ours
imported; takes the page's address and its charset, empty where unknown, as arguments and the page
on stdin, and prints UTF-8.
"""

from __future__ import annotations

import re
import resource
import sys
from urllib.parse import urljoin

from bs4 import BeautifulSoup
from markdownify import MarkdownConverter

MAX_MEMORY = 2 << 30
MAX_SECONDS = 60
MAX_TEXT = 2_000_000

_NO_TEXT = ["script", "style", "template", "svg", "canvas", "iframe", "object", "dialog", "link"]


def readable(page: bytes, address: str, charset: str) -> str:
    """The text of an HTML page as Markdown; its title first."""
    soup = BeautifulSoup(page, "html.parser", from_encoding=charset or None)
    title = soup.title.get_text(" ", strip=True) if soup.title is not None else ""
    for tag in soup(_NO_TEXT):
        tag.decompose()
    for image in soup("img"):
        image.replace_with(str(image.get("alt") or ""))
    for link in soup("a", href=True):
        target = urljoin(address, str(link["href"]))
        if target.startswith(("http:", "https:", "mailto:")):
            link["href"] = target
        else:
            link.unwrap()
    body = soup.body or soup
    try:
        text = MarkdownConverter(heading_style="ATX", bullets="-").convert_soup(body)
    except RecursionError:  # nested deeper than any page made for reading
        text = body.get_text("\n")
    text = re.sub(r"[ \t]+\n", "\n", text)
    text = re.sub(r"\n{3,}", "\n\n", text).strip()
    if title and not text.startswith(f"# {title}"):
        text = f"# {title}\n\n{text}"
    return text[:MAX_TEXT]


def main() -> None:
    """Converts what comes in."""
    for limit, value in ((resource.RLIMIT_AS, MAX_MEMORY), (resource.RLIMIT_CPU, MAX_SECONDS)):
        try:
            resource.setrlimit(limit, (value, value))
        except (ValueError, OSError):
            pass  # not on this system
    _, address, charset = sys.argv
    text = readable(sys.stdin.buffer.read(), address, charset)
    sys.stdout.buffer.write(text.encode("utf-8", "replace"))


if __name__ == "__main__":
    main()
