"""The shape of the ``system`` event that holds a part of the session as a document."""

from __future__ import annotations

from typing import Literal

from typing_extensions import TypedDict

from qwen_dual.protocol.shapes import Envelope


class ExportData(TypedDict):
    """A part of the document, counted from 0, of ``parts``; all of them joined are what ``/export`` writes."""

    format: Literal["md", "json", "jsonl", "html"]
    part: int
    parts: int
    text: str
    command_id: str | None


class ExportEvent(Envelope):
    """In answer to ``export``; told to who asked alone."""

    type: Literal["system"]
    subtype: Literal["export"]
    data: ExportData
