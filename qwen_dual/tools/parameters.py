"""The arguments of each tool as pydantic models, their JSON Schema, and readable complaints.

Importing this costs as much as pydantic does, so tools import it when a schema or a call needs it.
Unknown arguments are ignored and numbers in strings accepted: models send both. Text that UTF-8
cannot hold (lone surrogates) is refused by pydantic itself, so tools need not look for it.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any, ClassVar, Literal, TypeVar

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    ValidationError,
    field_validator,
    model_validator,
)

from qwen_dual.core.tools.tool import InvalidArguments
from qwen_dual.protocol.complaints import complaint

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Self

MAX_TIMEOUT_MS = 600_000
MAX_COMPLAINTS = 5
MAX_PLAN = 50_000


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
    outside_sandbox: bool | None = Field(
        None,
        description="True for a command that cannot do its work in the sandbox: the person is "
        "asked. Try it inside first, and give a reason.",
    )
    reason: str | None = Field(
        None, description="Why it has to run outside the sandbox, for the person who decides."
    )


class ReadFile(Parameters):
    """Arguments of ``read_file``."""

    tool = "read_file"
    file_path: str = Field(min_length=1, description="The file, absolute or in the workspace.")
    offset: int | None = Field(None, ge=0, description="Lines to skip, from 0.")
    limit: int | None = Field(None, ge=1, description="Lines to read at most.")
    pages: str | None = Field(
        None, description="Of a PDF, the pages to read, 20 at most: '3', '1-5', '7-'."
    )


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


class Todo(BaseModel):
    """One item of a list."""

    model_config = ConfigDict(extra="ignore", frozen=True)
    id: str = Field(min_length=1, description="Unique in the list; stays the same.")
    content: str = Field(min_length=1, description="What is to be done.")
    status: Literal["pending", "in_progress", "completed"]


class TodoWrite(Parameters):
    """Arguments of ``todo_write``."""

    tool = "todo_write"
    todos: list[Todo] = Field(max_length=200, description="The whole list, in its order.")

    @model_validator(mode="after")
    def _ids_are_unique(self) -> Self:
        ids = [todo.id for todo in self.todos]
        twice = sorted({id for id in ids if ids.count(id) > 1})
        if twice:
            raise ValueError(f"every id may occur once; these do more often: {', '.join(twice)}")
        return self


class WebFetch(Parameters):
    """Arguments of ``web_fetch``."""

    tool = "web_fetch"
    url: str = Field(min_length=1, max_length=4000, description="With http:// or https://.")
    prompt: str = Field(min_length=1, description="What you want to know from the page.")


class Option(BaseModel):
    """One answer to choose."""

    model_config = ConfigDict(extra="ignore", frozen=True)
    label: str = Field(min_length=1, description="The answer, in a few words.")
    description: str = Field("", description="What it means.")

    @model_validator(mode="before")
    @classmethod
    def _from_label(cls, value: object) -> object:
        """Models often give the bare text."""
        return {"label": value} if isinstance(value, str) else value


class Question(BaseModel):
    """One question."""

    model_config = ConfigDict(extra="ignore", frozen=True)
    question: str = Field(min_length=1, description="The whole question.")
    header: str = Field("", description="Its subject, in a word or two.")
    options: list[Option] = Field(
        default_factory=list,
        max_length=8,
        description="Answers to choose from; the person can always give another.",
    )
    multiSelect: bool = Field(False, description="True when several may be chosen.")


class AskUserQuestion(Parameters):
    """Arguments of ``ask_user_question``; the answers come from the person, not from a model."""

    tool = "ask_user_question"
    questions: list[Question] = Field(min_length=1, max_length=4, description="One to four.")


class ExitPlanMode(Parameters):
    """Arguments of ``exit_plan_mode``; how to go on is the person's answer, and no argument."""

    tool = "exit_plan_mode"
    plan: str = Field(
        min_length=1, max_length=MAX_PLAN, description="The whole plan, in Markdown; short."
    )

    @field_validator("plan")
    @classmethod
    def _says_something(cls, plan: str) -> str:
        if not plan.strip():
            raise ValueError("the plan says nothing")
        return plan


class Agent(Parameters):
    """Arguments of ``agent``."""

    tool = "agent"
    description: str = Field(description="The task in three to five words, for the person.")
    prompt: str = Field(min_length=1, description="All that the agent is told of its task.")
    subagent_type: str | None = Field(
        None, description="Which agent; general-purpose unless given."
    )
    run_in_background: bool | None = Field(
        None, description="True to go on without waiting for it."
    )


MODELS: dict[str, type[Parameters]] = {
    model.tool: model
    for model in (
        RunShellCommand,
        ReadFile,
        WriteFile,
        Edit,
        ListDirectory,
        Glob,
        GrepSearch,
        TodoWrite,
        WebFetch,
        AskUserQuestion,
        ExitPlanMode,
        Agent,
    )
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


@cache
def schema(tool: str) -> Mapping[str, Any]:
    """The JSON Schema of the arguments of ``tool``: no titles, references and null alternatives.

    One for all sessions.
    """
    whole = MODELS[tool].model_json_schema()
    definitions = whole.pop("$defs", {})
    whole.pop("description", None)
    plain = _plain(whole, definitions)
    return {**plain, "type": "object"}


def _plain(value: dict[str, Any], definitions: Mapping[str, Any]) -> dict[str, Any]:
    """One schema; an optional property may be left out, which says more to a model than null.

    What is referred to is put in place: not every service follows a reference.
    """
    kept = {key: item for key, item in value.items() if key not in ("title", "anyOf", "$ref")}
    if "$ref" in value:
        referred = definitions[value["$ref"].rpartition("/")[2]]
        kept = {**{k: v for k, v in referred.items() if k not in ("title", "description")}, **kept}
    for alternative in value.get("anyOf", ()):
        if alternative != {"type": "null"}:
            kept = {**alternative, **kept}
    if "default" in kept and not kept["default"]:
        del kept["default"]
    if "items" in kept:
        kept["items"] = _plain(kept["items"], definitions)
    if "properties" in kept:
        kept["properties"] = {
            name: _plain(item, definitions) for name, item in kept["properties"].items()
        }
    return kept


def _explain(tool: str, error: ValidationError) -> str:
    complaints = []
    for item in error.errors(include_url=False, include_context=False)[:MAX_COMPLAINTS]:
        where = ".".join(str(part) for part in item["loc"])
        if not where:  # about the arguments together
            complaints.append(f"{tool}: {item['msg'].removeprefix('Value error, ')}")
        elif item["type"] == "missing":
            complaints.append(f"{tool}: {where}: this argument is required")
        else:
            complaints.append(f"{tool}: {where}: {complaint(item)}")
    return "\n".join(complaints)
