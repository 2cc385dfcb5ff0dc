"""A draft that two write: a person types, and a host puts a file's name in, without losing a key."""

from __future__ import annotations

import sys
import tempfile
from contextlib import aclosing

import anyio

from qwen_dual import host

COMMAND = [sys.executable, "-m", "qwen_dual", "--offline"]


async def until(session: host.Session, text: str) -> host.Draft:
    """The draft, as soon as it is ``text``; each change on the way is printed."""
    async with aclosing(session.watch_draft()) as drafts:
        async for draft in drafts:
            print("draft  ", repr(draft.text), "cursor", draft.cursor)
            if draft.text == text:
                return draft
    raise RuntimeError("the session is over")


async def insert(session: host.Session, text: str) -> None:
    """Puts ``text`` where the cursor is, tried anew as often as the person types meanwhile."""
    while True:
        draft = await session.get_draft()
        before, after = draft.text[: draft.cursor], draft.text[draft.cursor :]
        try:
            whole, cursor = before + text + after, draft.cursor + len(text)
            await session.set_draft(whole, if_version=draft.version, cursor=cursor)
        except host.VersionConflict:
            print("typed meanwhile, so once more")
        else:
            return


async def main() -> None:
    """The keys are sent to the terminal, as a person's are; the host writes over its channel."""
    with tempfile.TemporaryDirectory(prefix="shared-draft-") as folder:
        async with host.open_session(COMMAND, cwd=folder) as session:
            await session.write("explain ")
            stale = await until(session, "explain ")
            await insert(session, "@src/main.py")
            await session.write(" to me")
            await until(session, "explain @src/main.py to me")
            try:
                await session.set_draft("lost", if_version=stale.version)
            except host.VersionConflict as conflict:
                print("refused", conflict.code)


if __name__ == "__main__":
    anyio.run(main)
