"""What a host can offer a person to choose from: how a prompt may go on, models, approval modes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from qwen_dual.host.calls import number_in, text_in

if TYPE_CHECKING:
    from collections.abc import Iterator

    from qwen_dual.host.commands import Commands
    from qwen_dual.host.event import Event


@dataclass(frozen=True, slots=True)
class Completion:
    """One way to go on with a prompt.

    Attributes:
        kind: ``command``, ``argument``, ``file``, ``folder`` or ``resource``.
        text: what takes the place of ``prompt[start:end]``; the cursor goes behind it.
        start: where that begins: an index into the text, which counts code points.
        end: where it ends.
        label: what to show.
        detail: what to show beside it; may be empty.
        hint: what may be written behind a command; may be empty.
        exact: the prompt says it already, and nothing is left to be added.
    """

    kind: str
    text: str
    start: int
    end: int
    label: str
    detail: str = ""
    hint: str = ""
    exact: bool = False

    @classmethod
    def of(cls, raw: dict[str, Any]) -> Completion:
        """Reads one of a ``completions`` event."""
        return cls(
            kind=text_in(raw, "kind"),
            text=text_in(raw, "text"),
            start=number_in(raw, "from") or 0,
            end=number_in(raw, "to") or 0,
            label=text_in(raw, "label"),
            detail=text_in(raw, "detail"),
            hint=text_in(raw, "hint"),
            exact=raw.get("exact") is True,
        )

    def put_in(self, prompt: str) -> str:
        """The prompt with it."""
        return prompt[: self.start] + self.text + prompt[self.end :]


@dataclass(frozen=True, slots=True)
class Completions:
    """What may follow at a cursor, the best first.

    Attributes:
        candidates: as far as they were asked for.
        more: whether there are others.
        partial: not all was looked at: the folder is still being listed, or a later question came.
    """

    candidates: tuple[Completion, ...] = ()
    more: bool = False
    partial: bool = False

    @classmethod
    def of(cls, event: Event) -> Completions:
        """Reads a ``completions`` event."""
        data = event.data
        found = tuple(map(Completion.of, _objects(data.get("candidates"))))
        return cls(found, data.get("more") is True, data.get("partial") is True)


@dataclass(frozen=True, slots=True)
class ModelChoice:
    """A model that ``set_model`` takes.

    Attributes:
        name: what it takes.
        id: what its service calls it.
        context_window: tokens of a request and its answer together.
        images: whether it can be shown images, as far as is known.
        usable: nothing that is known stands against a call.
        why: what does; may be empty.
        current: it is the one in force.
        label: what to show in place of ``name``; may be empty.
        description: what it is for; may be empty.
    """

    name: str
    id: str = ""
    context_window: int = 0
    images: bool = False
    usable: bool = True
    why: str = ""
    current: bool = False
    label: str = ""
    description: str = ""

    @classmethod
    def of(cls, raw: dict[str, Any]) -> ModelChoice:
        """Reads one of a ``models`` event."""
        return cls(
            name=text_in(raw, "name"),
            id=text_in(raw, "id"),
            context_window=number_in(raw, "context_window") or 0,
            images=raw.get("images") is True,
            usable=raw.get("usable") is not False,
            why=text_in(raw, "why"),
            current=raw.get("current") is True,
            label=text_in(raw, "label"),
            description=text_in(raw, "description"),
        )


@dataclass(frozen=True, slots=True)
class ModeChoice:
    """An approval mode that ``set_approval_mode`` takes.

    Attributes:
        name: what it takes.
        meaning: what runs in it without asking, in a few words.
        available: it can be had in this session.
        why: why not; empty where it can.
        current: it is the one in force.
    """

    name: str
    meaning: str = ""
    available: bool = True
    why: str = ""
    current: bool = False

    @classmethod
    def of(cls, raw: dict[str, Any]) -> ModeChoice:
        """Reads one of a ``modes`` event."""
        return cls(
            name=text_in(raw, "name"),
            meaning=text_in(raw, "meaning"),
            available=raw.get("available") is not False,
            why=text_in(raw, "why"),
            current=raw.get("current") is True,
        )


class Choosing:
    """The part of ``Session`` that asks what there is to choose from.

    All of it raises as ``command`` does.
    """

    _commands: Commands

    async def complete(
        self, text: str, cursor: int | None = None, *, limit: int = 50
    ) -> Completions:
        """What may follow at the cursor of a prompt, as the terminal's own menu has it.

        Slash commands and their arguments, files after ``@`` that no ignore file leaves out, resources
        and prompts of MCP servers. A question that comes while another is looked into ends that one.

        Args:
            text: the prompt so far, of 100,000 characters at the most.
            cursor: an index into it; its end unless given.
            limit: how many at the most, up to 200.
        """
        fields: dict[str, Any] = {"text": text, "limit": limit}
        fields |= {} if cursor is None else {"cursor": cursor}
        return Completions.of(await self._commands.ask("complete", fields))

    async def list_models(self) -> list[ModelChoice]:
        """The models that ``set_model`` takes."""
        told = await self._commands.ask("list_models", {})
        return list(map(ModelChoice.of, _objects(told.data.get("models"))))

    async def list_modes(self) -> list[ModeChoice]:
        """The approval modes that ``set_approval_mode`` takes, from the one that may do least."""
        told = await self._commands.ask("list_modes", {})
        return list(map(ModeChoice.of, _objects(told.data.get("modes"))))


def _objects(value: object) -> Iterator[dict[str, Any]]:
    return (one for one in (value if isinstance(value, list) else ()) if isinstance(one, dict))
