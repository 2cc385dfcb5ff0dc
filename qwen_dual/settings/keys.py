"""Every key that the settings have: its value, its default, whose file may set it, what it means.

Reading, messages about wrong values, what an untrusted folder may set, the flat names of old and the
table in the docs follow from this one. A key that has no effect is not here: what is not here is kept
in the files and ignored. ``Settings.get`` takes a key and gives a value of its type.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from qwen_dual.settings.key import Key, Section
from qwen_dual.settings.rules import (
    ANYTHING,
    BACKEND,
    BOOLEAN,
    COUNT,
    ENV_VALUE,
    FILESYSTEM,
    HEADER,
    LIMIT,
    MILLISECONDS,
    MODE,
    NAMES,
    NETWORK,
    NUMBER,
    PATH,
    POSITIVE,
    PROTOCOL,
    PROXY,
    REASONING,
    TEXT,
    URL,
    VARIABLE_NAME,
    Kind,
    Later,
    ListOf,
    MapOf,
    Wrong,
)

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

TEXTS = ListOf(TEXT)
NO_TEXTS: Sequence[str] = ()

# -- how calls to one model are made: ``generationConfig``

TIMEOUT = Key("timeout", MILLISECONDS, 120_000, doc="Milliseconds until an answer must have begun.")
IDLE_TIMEOUT = Key(
    "streamIdleTimeoutMs",
    MILLISECONDS,
    240_000,
    doc="Milliseconds that a stream may send nothing.",
)
MAX_RETRIES = Key("maxRetries", COUNT, 6, doc="Tries after the first one.")
CONTEXT_WINDOW = Key(
    "contextWindowSize", POSITIVE, None, doc="Tokens; without it the model's name tells."
)
SAMPLING = Key(
    "samplingParams",
    Section(
        (
            Key("temperature", NUMBER, None, doc="Randomness of the answer."),
            Key("top_p", NUMBER, None, doc="Nucleus sampling."),
            Key("top_k", COUNT, None, doc="Candidates for each token."),
            Key("max_tokens", POSITIVE, None, doc="The longest answer, in tokens."),
            Key("presence_penalty", NUMBER, None, doc="Against repeating topics."),
            Key("frequency_penalty", NUMBER, None, doc="Against repeating words."),
        )
    ),
    {},
    doc="Sent with each request; what is absent is not sent.",
)
EXTRA_BODY = Key("extra_body", ANYTHING, {}, doc="Merged into each request's body.")
HEADERS = Key("customHeaders", MapOf(HEADER), {}, doc="Headers sent with each request.")
THINKING = Key(
    "reasoning",
    REASONING,
    None,
    doc="Whether and how hard the model thinks; without it the service decides.",
)
MODALITIES = Key(
    "modalities",
    Section(
        (
            Key(
                "image",
                BOOLEAN,
                None,
                doc="Whether the model can be shown images; without it the model's name tells.",
            ),
        )
    ),
    {},
    doc="What the model can be shown besides text.",
)
GENERATION = Section(
    (
        *(TIMEOUT, IDLE_TIMEOUT, MAX_RETRIES, CONTEXT_WINDOW, SAMPLING, EXTRA_BODY, HEADERS),
        *(THINKING, MODALITIES),
    )
)

# -- one model of a service: an element of ``modelProviders.*``

MODEL_ID = Key(
    "id", TEXT, "", doc="The model's name at the service. Required.", vital=True, required=True
)
MODEL_NAME = Key("name", TEXT, "", doc="What the picker shows; without it the id.")
MODEL_DESCRIPTION = Key("description", TEXT, "", doc="A line for the picker.")
MODEL_BASE_URL = Key(
    "baseUrl", URL, "", doc="Where the service is; without it the protocol's own.", vital=True
)
MODEL_ENV_KEY = Key(
    "envKey",
    VARIABLE_NAME,
    "",
    doc="The environment variable that holds the key; without it the protocol's own "
    "(`OPENAI_API_KEY`, `ANTHROPIC_API_KEY`, `GEMINI_API_KEY`).",
    vital=True,
)
MODEL_GENERATION = Key("generationConfig", GENERATION, {}, doc="How calls are made.")
ENTRY = Section(
    (MODEL_ID, MODEL_NAME, MODEL_DESCRIPTION, MODEL_BASE_URL, MODEL_ENV_KEY, MODEL_GENERATION)
)


def _server() -> Kind[Mapping[str, Any]]:
    from qwen_dual.settings.server_keys import SERVER

    return SERVER


# -- all of it

PROVIDERS = Key(
    "modelProviders",
    MapOf(ListOf(ENTRY)),
    {},
    doc="Models by protocol: `openai`, `anthropic`, `gemini`.",
)
PROVIDER_PROTOCOL = Key(
    "providerProtocol",
    MapOf(PROTOCOL),
    {},
    doc="The protocol of a name of your own in `modelProviders`.",
)
ENV = Key("env", MapOf(ENV_VALUE), {}, doc="Environment variables that nothing else sets.")
SELECTED_TYPE = Key(
    "security.auth.selectedType",
    TEXT,
    None,
    legacy="selectedAuthType",
    doc="The protocol at the start: `openai`, `anthropic` or `gemini`.",
)
MODEL = Key(
    "model.name",
    TEXT,
    None,
    doc="The `id` of the model at the start, or a name that the service knows.",
)
MAX_SESSION_TURNS = Key(
    "model.maxSessionTurns",
    LIMIT,
    -1,
    legacy="maxSessionTurns",
    doc="Model calls that one session may make; -1 for no limit.",
)
TEXT_TOOL_CALLS = Key(
    "model.textToolCalls",
    BOOLEAN,
    default=False,
    trust="person",
    doc="Whether a tool call that the model wrote as text at the end of its answer is run, with the "
    "usual approvals, for servers that cannot parse calls.",
)
OTHER_GENERATION = Key(
    "model.generationConfig",
    GENERATION,
    {},
    legacy="contentGenerator",
    doc="For a model that no entry of `modelProviders` describes; keys as there.",
)
APPROVAL_MODE = Key(
    "tools.approvalMode", MODE, "default", "tightens", "approvalMode", "What runs without asking."
)
ALLOWED_TOOLS = Key(
    "tools.allowed", TEXTS, NO_TEXTS, "trusted", "allowedTools", "Rules as in `permissions.allow`."
)
EXCLUDED_TOOLS = Key(
    "tools.exclude",
    TEXTS,
    NO_TEXTS,
    "tightens",
    "excludeTools",
    "Tools that the model is not given.",
)
CORE_TOOLS = Key(
    "tools.core",
    TEXTS,
    NO_TEXTS,
    "tightens",
    "coreTools",
    "If set, the only built-in tools that the model is given.",
)
SHELL_TIMEOUT = Key(
    "tools.shell.defaultTimeoutMs",
    MILLISECONDS,
    120_000,
    doc="Milliseconds a command may take that names no limit itself.",
)
PASS_ENVIRONMENT = Key(
    "tools.shell.passEnvironment",
    ListOf(VARIABLE_NAME),
    NO_TEXTS,
    "person",
    doc="Variables with keys that commands get all the same, such as `GH_TOKEN`.",
)
SANDBOX_BACKEND = Key(
    "tools.executionSandbox.backend",
    BACKEND,
    "auto",
    "person",
    doc="How: bubblewrap, Landlock, `auto` for the first that works, or `none`. Without the whole "
    "object there is no sandbox; see `docs/sandbox.md`.",
)
SANDBOX_FILESYSTEM = Key(
    "tools.executionSandbox.filesystem",
    FILESYSTEM,
    "workspace-write",
    "person",
    doc="Whether commands may write to the workspace.",
)
SANDBOX_NETWORK = Key(
    "tools.executionSandbox.network",
    NETWORK,
    "closed",
    "person",
    doc="Whether commands have the network.",
)
OUTPUT_CHARS = Key(
    "tools.truncateToolOutputThreshold",
    LIMIT,
    25_000,
    doc="Characters of a tool's output that the model gets; -1 for all.",
)
OUTPUT_LINES = Key(
    "tools.truncateToolOutputLines",
    LIMIT,
    1000,
    doc="Lines of a tool's output that the model gets; -1 for all.",
)
ALLOW = Key(
    "permissions.allow",
    TEXTS,
    NO_TEXTS,
    joins=True,
    doc="Runs without asking, for example `Bash(git status)`.",
)
ASK = Key("permissions.ask", TEXTS, NO_TEXTS, "anyone", joins=True, doc="Always asks.")
DENY = Key("permissions.deny", TEXTS, NO_TEXTS, "anyone", joins=True, doc="Never runs.")
JSON_FILE = Key("dualOutput.jsonFile", PATH, None, doc="Where every event is written.")
INPUT_FILE = Key("dualOutput.inputFile", PATH, None, doc="Where commands are read from.")
THEME = Key("ui.theme", TEXT, None, "anyone", "theme", "The theme's name.")
HIDE_BANNER = Key(
    "ui.hideBanner", BOOLEAN, False, "anyone", "hideBanner", "Starts without the banner."
)
HIDE_TIPS = Key("ui.hideTips", BOOLEAN, False, "anyone", "hideTips", "Starts without tips.")
EDITOR = Key(
    "general.preferredEditor",
    TEXT,
    None,
    legacy="preferredEditor",
    doc="The program that opens the prompt as a file; without it `$VISUAL` or `$EDITOR`.",
)
VIM_MODE = Key(
    "general.vimMode",
    BOOLEAN,
    default=False,
    legacy="vimMode",
    doc="Whether the editor begins with vi's keys.",
)
CHAT_RECORDING = Key(
    "general.chatRecording",
    BOOLEAN,
    default=True,
    legacy="chatRecording",
    doc="Whether chats are saved and can be resumed, and prompts found again later.",
)
CONTEXT_FILES = Key(
    "context.fileName",
    NAMES,
    None,
    legacy="contextFileName",
    doc="The context files' names; without it `QWEN.md` and `AGENTS.md`.",
)
RESPECT_GIT_IGNORE = Key(
    "context.fileFiltering.respectGitIgnore",
    BOOLEAN,
    default=True,
    legacy="fileFilteringRespectGitIgnore",
    doc="Leaves out what `.gitignore` names.",
)
RESPECT_QWEN_IGNORE = Key(
    "context.fileFiltering.respectQwenIgnore",
    BOOLEAN,
    default=True,
    legacy="fileFilteringRespectQwenIgnore",
    doc="Leaves out what `.qwenignore` names.",
)
RECURSIVE_FILE_SEARCH = Key(
    "context.fileFiltering.enableRecursiveFileSearch",
    BOOLEAN,
    default=True,
    legacy="fileFilteringEnableRecursive",
    doc="Whether `@` completes files in folders below.",
)
MCP_SERVERS = Key(
    "mcpServers",
    MapOf(Later("an object", _server)),
    {},
    doc="MCP servers by name, see `docs/mcp.md`. One in a higher file replaces that of its name.",
    whole=True,
)
MCP_ALLOWED = Key(
    "mcp.allowed",
    TEXTS,
    NO_TEXTS,
    "tightens",
    joins=True,
    doc="If set, the only MCP servers that are used; `*` and `?` stand for any characters.",
)
MCP_EXCLUDED = Key(
    "mcp.excluded",
    TEXTS,
    NO_TEXTS,
    "anyone",
    joins=True,
    doc="MCP servers that are not used, likewise; wins.",
)
MCP_COMMAND = Key(
    "mcp.serverCommand",
    TEXT,
    None,
    legacy="mcpServerCommand",
    doc="One more MCP server, called `mcp`, as a command line.",
)
PROXY_URL = Key(
    "proxy",
    PROXY,
    None,
    doc="The proxy for model calls and `web_fetch`; without it `HTTPS_PROXY` and its like. This "
    "machine is reached directly, and so is what `NO_PROXY` names.",
)

KEYS: Final[tuple[Key[Any], ...]] = (
    *(PROVIDERS, PROVIDER_PROTOCOL, ENV, SELECTED_TYPE),
    *(MODEL, MAX_SESSION_TURNS, TEXT_TOOL_CALLS, OTHER_GENERATION),
    *(APPROVAL_MODE, ALLOWED_TOOLS, EXCLUDED_TOOLS, CORE_TOOLS, SHELL_TIMEOUT, PASS_ENVIRONMENT),
    *(SANDBOX_BACKEND, SANDBOX_FILESYSTEM, SANDBOX_NETWORK, OUTPUT_CHARS, OUTPUT_LINES),
    *(ALLOW, ASK, DENY, JSON_FILE, INPUT_FILE, THEME, HIDE_BANNER, HIDE_TIPS),
    *(EDITOR, VIM_MODE, CHAT_RECORDING),
    *(CONTEXT_FILES, RESPECT_GIT_IGNORE, RESPECT_QWEN_IGNORE, RECURSIVE_FILE_SEARCH),
    *(MCP_SERVERS, MCP_ALLOWED, MCP_EXCLUDED, MCP_COMMAND, PROXY_URL),
)
"""The table, in the order of the docs."""

SETTINGS: Final = Section(KEYS)
"""A whole file."""


def clean(values: dict[str, Any]) -> dict[str, Any]:
    """``values`` without those that are wrong; keys that nobody knows stay."""
    return check(values)[0]


def check(values: dict[str, Any]) -> tuple[dict[str, Any], list[Wrong]]:
    """``values`` without those that are wrong, and those."""
    wrong: list[Wrong] = []
    found = SETTINGS.read(values, (), wrong.append)
    return found, wrong
