"""The arguments of each tool as pydantic models, their JSON Schema, and readable complaints.

Importing this costs as much as pydantic does, so tools import it when a schema or a call needs it.
Unknown arguments are ignored and numbers in strings accepted: models send both. Text that UTF-8
cannot hold (lone surrogates) is refused by pydantic itself, so tools need not look for it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from qwen_dual.core.tool import InvalidArguments

if TYPE_CHECKING:
    from collections.abc import Mapping

MAX_TIMEOUT_MS = 600_000
ECHO_LIMIT = 200
MAX_COMPLAINTS = 5


class Parameters(BaseModel):
    """What the models have in common; ``tool`` names the tool in complaints."""

    model_config = ConfigDict(extra="ignore", frozen=True)
    tool: ClassVar[str]


class RunShellCommand(Parameters):
    """Arguments of ``run_shell_command``."""

    tool = "run_shell_command"
    command: str = Field(min_length=1, description="The command line, run by `bash -c`.")
    description: str | None = Field(
        None, description="What the command does, in a few words, for the person who approves it."
    )
    directory: str | None = Field(
        None, description="The folder to run in; the workspace's root unless given."
    )
    timeout: int | None = Field(
        None,
        ge=1,
        le=MAX_TIMEOUT_MS,
        description="Milliseconds after which the command is ended; at most 600000.",
    )
    is_background: bool | None = Field(
        None,
        description="True for servers and watchers: returns at once, the command keeps running.",
    )


class ReadFile(Parameters):
    """Arguments of ``read_file``."""

    tool = "read_file"
    file_path: str = Field(min_length=1, description="The file, absolute or in the workspace.")
    offset: int | None = Field(None, ge=0, description="Lines to skip, from 0.")
    limit: int | None = Field(None, ge=1, description="Lines to read at most.")


class WriteFile(Parameters):
    """Arguments of ``write_file``."""

    tool = "write_file"
    file_path: str = Field(min_length=1, description="The file, absolute or in the workspace.")
    content: str = Field(description="The whole new content of the file.")


class Edit(Parameters):
    """Arguments of ``edit``."""

    tool = "edit"
    file_path: str = Field(min_length=1, description="The file, absolute or in the workspace.")
    old_string: str = Field(
        description="The exact text to replace, with enough lines around it to be unique; "
        "empty to create a new file."
    )
    new_string: str = Field(description="The text to put in its place.")
    replace_all: bool | None = Field(None, description="True to replace every occurrence.")


class ListDirectory(Parameters):
    """Arguments of ``list_directory``."""

    tool = "list_directory"
    path: str = Field(min_length=1, description="The folder, absolute or in the workspace.")
    ignore: list[str] | None = Field(None, description="Glob patterns of names to leave out.")


class Glob(Parameters):
    """Arguments of ``glob``."""

    tool = "glob"
    pattern: str = Field(min_length=1, description="Such as `**/*.py` or `src/**/test_*.ts`.")
    path: str | None = Field(None, description="The folder to search; the workspace unless given.")


class GrepSearch(Parameters):
    """Arguments of ``grep_search``."""

    tool = "grep_search"
    pattern: str = Field(min_length=1, description="A regular expression; case is ignored.")
    path: str | None = Field(
        None, description="The file or folder to search; the workspace unless given."
    )
    glob: str | None = Field(None, description="Only files that match this, such as `*.py`.")
    limit: int | None = Field(None, ge=1, description="Matching lines to show at most.")


MODELS: dict[str, type[Parameters]] = {
    model.tool: model
    for model in (RunShellCommand, ReadFile, WriteFile, Edit, ListDirectory, Glob, GrepSearch)
}

P = TypeVar("P", bound=Parameters)


def check(model: type[P], arguments: Mapping[str, Any]) -> P:
    """``arguments`` as an instance of ``model``.

    Raises:
        InvalidArguments: names the tool, each wrong argument, its value and what was expected.
    """
    try:
        return model.model_validate(dict(arguments))
    except ValidationError as error:
        raise InvalidArguments(_explain(model.tool, error)) from None


def schema(tool: str) -> dict[str, Any]:
    """The JSON Schema of the arguments of ``tool``, without titles and null alternatives."""
    plain = MODELS[tool].model_json_schema()
    plain.pop("title", None)
    plain.pop("description", None)
    plain["properties"] = {name: _plain(value) for name, value in plain["properties"].items()}
    return plain


def _plain(value: dict[str, Any]) -> dict[str, Any]:
    """One property; an optional one may be left out, which says more to a model than null."""
    kept = {key: item for key, item in value.items() if key not in ("title", "anyOf")}
    for alternative in value.get("anyOf", ()):
        if alternative != {"type": "null"}:
            kept = {**alternative, **kept}
    if kept.get("default", 0) is None:
        del kept["default"]
    return kept


def _explain(tool: str, error: ValidationError) -> str:
    complaints = []
    for item in error.errors(include_url=False, include_context=False)[:MAX_COMPLAINTS]:
        where = ".".join(str(part) for part in item["loc"])
        if item["type"] == "missing":
            complaints.append(f"{tool}: {where}: this argument is required")
        else:
            value = repr(item["input"])
            shown = value if len(value) <= ECHO_LIMIT else value[:ECHO_LIMIT] + "…"
            complaints.append(f"{tool}: {where}: {item['msg']}, not {shown}")
    return "\n".join(complaints)
