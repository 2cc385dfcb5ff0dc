"""Every key of the settings as pydantic models: types, defaults, descriptions.

For what runs after the first paint, and for the table in the docs. Heavy to import. What a value
must be is in ``rules``; keys that are not here are kept and ignored.
"""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel

from qwen_dual.settings import rules

Text = Annotated[str, rules.TEXT]
Texts = list[Text]
Url = Annotated[str | None, rules.URL]
Header = Annotated[str, rules.HEADER]
OptionalText = Annotated[str | None, rules.TEXT]
OptionalPath = Annotated[str | None, rules.PATH]
Flag = Annotated[bool, rules.BOOLEAN]
Milliseconds = Annotated[float, rules.MILLISECONDS]
OptionalNumber = Annotated[float | None, rules.NUMBER]
OptionalCount = Annotated[int | None, rules.POSITIVE]
EnvValue = Annotated[str | int | float | bool, rules.ENV_VALUE]


class Section(BaseModel):
    """An object of the settings; the names in files are those of the fields in camel case."""

    model_config = ConfigDict(alias_generator=to_camel, extra="allow")


class Sampling(Section):
    """Sent as it is; further keys are passed on."""

    temperature: OptionalNumber = Field(default=None, description="Randomness of the answer.")
    top_p: OptionalNumber = Field(default=None, alias="top_p", description="Nucleus sampling.")
    top_k: Annotated[int | None, rules.COUNT] = Field(
        default=None, alias="top_k", description="Candidates for each token."
    )
    max_tokens: OptionalCount = Field(
        default=None, alias="max_tokens", description="The longest answer, in tokens."
    )
    presence_penalty: OptionalNumber = Field(
        default=None, alias="presence_penalty", description="Against repeating topics."
    )
    frequency_penalty: OptionalNumber = Field(
        default=None, alias="frequency_penalty", description="Against repeating words."
    )


class GenerationConfig(Section):
    """How calls to one model are made."""

    timeout: Milliseconds = Field(
        default=120_000, description="Milliseconds until an answer must have begun."
    )
    stream_idle_timeout_ms: Milliseconds = Field(
        default=240_000, description="Milliseconds that a stream may send nothing."
    )
    max_retries: Annotated[int, rules.COUNT] = Field(
        default=6, description="Tries after the first one."
    )
    context_window_size: OptionalCount = Field(
        default=None, description="Tokens; without it the model's name tells."
    )
    sampling_params: Sampling = Field(
        default_factory=Sampling, description="Sent with each request; what is absent is not sent."
    )
    extra_body: dict[str, Any] = Field(
        default_factory=dict, alias="extra_body", description="Merged into each request's body."
    )
    custom_headers: dict[str, Header] = Field(
        default_factory=dict, description="Headers sent with each request."
    )
    reasoning: Annotated[Any, rules.REASONING] = Field(
        default=None,
        description="Whether and how hard the model thinks; without it the service decides.",
    )


class ModelEntry(Section):
    """One model of a service."""

    id: Text = Field(description="The model's name at the service. Required.")
    name: OptionalText = Field(
        default=None, description="What the picker shows; without it the id."
    )
    description: OptionalText = Field(default=None, description="A line for the picker.")
    base_url: Url = Field(
        default=None, description="Where the service is; without it the protocol's own."
    )
    env_key: Annotated[str | None, rules.VARIABLE_NAME] = Field(
        default=None,
        description="The environment variable that holds the key; without it the protocol's own "
        "(`OPENAI_API_KEY`, `ANTHROPIC_API_KEY`, `GEMINI_API_KEY`).",
    )
    generation_config: GenerationConfig = Field(
        default_factory=GenerationConfig, description="How calls are made."
    )


class Auth(Section):
    """Which protocol is used."""

    selected_type: OptionalText = Field(
        default=None, description="The protocol at the start: `openai`, `anthropic` or `gemini`."
    )


class Security(Section):
    """Access to services."""

    auth: Auth = Field(default_factory=Auth)


class Model(Section):
    """The model at the start."""

    name: OptionalText = Field(
        default=None,
        description="The `id` of the model at the start, or a name that the service knows.",
    )
    max_session_turns: Annotated[int, rules.LIMIT] = Field(
        default=-1, description="Model calls that one session may make; -1 for no limit."
    )
    text_tool_calls: Flag = Field(
        default=False,
        description="Whether a tool call that the model wrote as text at the end of its answer is "
        "run, with the usual approvals, for servers that cannot parse calls. A project's file "
        "cannot set it.",
    )
    generation_config: GenerationConfig = Field(
        default_factory=GenerationConfig,
        description="For a model that no entry of `modelProviders` describes; keys as there.",
    )


class Shell(Section):
    """The shell tool."""

    default_timeout_ms: Milliseconds = Field(
        default=120_000, description="Milliseconds a command may take that names no limit itself."
    )
    pass_environment: list[Annotated[str, rules.VARIABLE_NAME]] = Field(
        default_factory=list,
        description="Variables with keys that commands get all the same, such as `GH_TOKEN`; not "
        "from a project's settings.",
    )


class ExecutionSandbox(Section):
    """What limits commands; see `docs/sandbox.md`."""

    backend: Annotated[str, rules.BACKEND] = Field(
        default="auto",
        description="How: bubblewrap, Landlock, `auto` for the first that works, or `none`. The "
        "whole object counts only in your own settings and the machine's; without it there is no "
        "sandbox.",
    )
    filesystem: Annotated[str, rules.FILESYSTEM] = Field(
        default="workspace-write", description="Whether commands may write to the workspace."
    )
    network: Annotated[str, rules.NETWORK] = Field(
        default="closed", description="Whether commands have the network."
    )


class Tools(Section):
    """Which tools there are and what runs without asking."""

    approval_mode: Annotated[str, rules.MODE] = Field(
        default="default", description="What runs without asking."
    )
    allowed: Texts = Field(default_factory=list, description="Rules as in `permissions.allow`.")
    exclude: Texts = Field(default_factory=list, description="Tools that the model is not given.")
    core: Texts = Field(
        default_factory=list, description="If set, the only built-in tools that the model is given."
    )
    shell: Shell = Field(default_factory=Shell)
    execution_sandbox: ExecutionSandbox = Field(default_factory=ExecutionSandbox)
    truncate_tool_output_threshold: Annotated[int, rules.LIMIT] = Field(
        default=25_000, description="Characters of a tool's output that the model gets; -1 for all."
    )
    truncate_tool_output_lines: Annotated[int, rules.LIMIT] = Field(
        default=1000, description="Lines of a tool's output that the model gets; -1 for all."
    )


class Permissions(Section):
    """Rules for tool calls: deny before ask before allow. The lists of all files join."""

    allow: Texts = Field(
        default_factory=list, description="Runs without asking, for example `Bash(git status)`."
    )
    ask: Texts = Field(default_factory=list, description="Always asks.")
    deny: Texts = Field(default_factory=list, description="Never runs.")


class DualOutput(Section):
    """The channels; see `docs/dual-output.md`."""

    json_file: OptionalPath = Field(default=None, description="Where every event is written.")
    input_file: OptionalPath = Field(default=None, description="Where commands are read from.")


class Ui(Section):
    """What the screen shows."""

    theme: OptionalText = Field(default=None, description="The theme's name.")
    hide_banner: Flag = Field(default=False, description="Starts without the banner.")
    hide_tips: Flag = Field(default=False, description="Starts without tips.")


class General(Section):
    """Habits."""

    preferred_editor: OptionalText = Field(
        default=None,
        description="The program that opens the prompt as a file; without it `$VISUAL` or `$EDITOR`.",
    )
    vim_mode: Flag = Field(default=False, description="Whether the editor begins with vi's keys.")
    chat_recording: Flag = Field(
        default=True,
        description="Whether chats are saved and can be resumed, and prompts found again later.",
    )


class FileFiltering(Section):
    """What the searching tools see."""

    respect_git_ignore: Flag = Field(
        default=True, description="Leaves out what `.gitignore` names."
    )
    respect_qwen_ignore: Flag = Field(
        default=True, description="Leaves out what `.qwenignore` names."
    )
    enable_recursive_file_search: Flag = Field(
        default=True, description="Whether `@` completes files in folders below."
    )


class Context(Section):
    """What the model is told beforehand."""

    file_name: Annotated[str | list[str] | None, rules.NAMES] = Field(
        default=None, description="The context files' names; without it `QWEN.md` and `AGENTS.md`."
    )
    file_filtering: FileFiltering = Field(default_factory=FileFiltering)


class McpServer(Section):
    """One MCP server."""

    command: OptionalText = Field(default=None, description="The program to start.")
    args: list[Annotated[str, rules.ANY_TEXT]] = Field(
        default_factory=list, description="Its arguments."
    )
    env: dict[str, EnvValue] = Field(default_factory=dict, description="Its environment.")
    cwd: OptionalPath = Field(default=None, description="The folder it starts in.")
    url: Url = Field(default=None, description="An SSE endpoint instead of a program.")
    http_url: Url = Field(
        default=None, description="A streamable HTTP endpoint instead of a program."
    )
    headers: dict[str, Header] = Field(default_factory=dict, description="Sent to the endpoint.")
    timeout: Annotated[float | None, rules.MILLISECONDS] = Field(
        default=None, description="Milliseconds a call may take."
    )
    trust: Flag = Field(default=False, description="Its tools run without asking.")
    description: OptionalText = Field(default=None, description="What it is for.")
    include_tools: Texts = Field(default_factory=list, description="If set, its only tools.")
    exclude_tools: Texts = Field(default_factory=list, description="Tools left out.")


class SettingsModel(Section):
    """All of it."""

    model_providers: dict[str, list[ModelEntry]] = Field(
        default_factory=dict, description="Models by protocol: `openai`, `anthropic`, `gemini`."
    )
    provider_protocol: dict[str, Annotated[str, rules.PROTOCOL]] = Field(
        default_factory=dict,
        description="The protocol of a name of your own in `modelProviders`.",
    )
    env: dict[str, EnvValue] = Field(
        default_factory=dict, description="Environment variables that nothing else sets."
    )
    security: Security = Field(default_factory=Security)
    model: Model = Field(default_factory=Model)
    tools: Tools = Field(default_factory=Tools)
    permissions: Permissions = Field(default_factory=Permissions)
    dual_output: DualOutput = Field(default_factory=DualOutput)
    ui: Ui = Field(default_factory=Ui)
    general: General = Field(default_factory=General)
    context: Context = Field(default_factory=Context)
    mcp_servers: dict[str, McpServer] = Field(
        default_factory=dict, description="Checked, but this version starts no MCP server."
    )
    proxy: Annotated[str | None, rules.PROXY] = Field(
        default=None,
        description="The proxy for model calls and `web_fetch`; without it `HTTPS_PROXY` and its "
        "like. This machine is reached directly, and so is what `NO_PROXY` names.",
    )
