"""Going back in a chat: nothing is taken out of the file, the branch goes on from an earlier record.

As the reference does it: a record ``rewind`` follows the one that stood before the prompt, so that what
came after that one is on no branch which leads to the end.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

    from qwen_dual.chats.chain import OpenChat
    from qwen_dual.chats.load import Chat

REWIND = "rewind"
"""The subtype of the record."""

_COUNTS = ("prompts", "changed", "added", "removed")

TEXT_CHARS = 200
"""Of the prompt that was gone back to: enough for a line on the screen."""


class Branches:
    """The places of one chat that its conversation can go on from.

    Attributes:
        next: the chat that is resumed next.
    """

    def __init__(self) -> None:
        self.next: Chat | None = None
        self._parents: dict[str, str | None] = {}  # of each prompt on the branch, in their order
        self._left: tuple[str, str | None, dict[str, str | None]] | None = None

    def begin(self, session_id: str) -> None:
        """Another chat begins, or the next one goes on."""
        chat = self.next
        prompts = chat.prompts if chat is not None and chat.session_id == session_id else ()
        self._parents = {prompt.uuid: prompt.parent for prompt in prompts}
        self._left, self.next = None, None

    def note(self, prompt: str, parent: str | None) -> None:
        """A prompt was written, behind ``parent``."""
        self._parents[prompt] = parent

    def go_back(self, chat: OpenChat, event: Mapping[str, Any]) -> bool:
        """Writes down a ``rewound`` event; False where the chat does not know where to.

        Raises:
            OSError: it cannot be written.
        """
        data, to = event["data"], event["data"]["to"]
        if data["undo"]:
            if self._left is None or self._left[0] != to:
                return False
            _, parent, self._parents = self._left
            self._left = None
        elif to in self._parents:
            prompts = list(self._parents)
            gone = set(prompts[prompts.index(to) :])
            parent = self._parents[to]
            chat.settle()
            self._left = (event["uuid"], chat.last, self._parents)
            kept = self._parents.items()
            self._parents = {uuid: before for uuid, before in kept if uuid not in gone}
        else:
            return False
        chat.settle()
        chat.last = parent
        told = {key: data[key] for key in ("to", "files", "undo", *_COUNTS)}
        told["text"] = data["text"][:TEXT_CHARS]
        chat.system(REWIND, {"truncatedCount": data["prompts"], "rewound": told})
        return True


def rewound_in(payload: Mapping[str, Any]) -> dict[str, Any]:
    """The data of the ``rewound`` event that a record tells of, as far as it does."""
    told = payload.get("rewound")
    told = told if isinstance(told, dict) else {}
    return {
        "to": str(told.get("to", "")),
        "conversation": True,
        "files": told.get("files") is True,
        "undo": told.get("undo") is True,
        "text": str(told.get("text", "")),
        **{name: _count(told.get(name)) for name in _COUNTS},
        "changes": [],
        "left": [],
        "remarks": [],
        "context_tokens": 0,
        "origin": "keyboard",
        "command_id": None,
    }


def _count(value: object) -> int:
    return value if isinstance(value, int) else 0
