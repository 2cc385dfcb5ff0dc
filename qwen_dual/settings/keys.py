"""Every key that the settings have: its value, its default, whose file may set it, what it means.

Reading, messages about wrong values, what an untrusted folder may set, the flat names of old and the
table in the docs follow from this one. A key that has no effect is not here: what is not here is kept
in the files and ignored. ``Settings.get`` takes a key and gives a value of its type.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from qwen_dual.settings import context_keys, host_keys
from qwen_dual.settings import limiting_keys as limiting
from qwen_dual.settings.auto_keys import AUTO_KEYS
from qwen_dual.settings.checkpoint_keys import CHECKPOINT_KEYS
from qwen_dual.settings.key import Key, Section
from qwen_dual.settings.model_keys import ENTRY, GENERATION
from qwen_dual.settings.rules import (
    ANYTHING,
    BACKEND,
    BOOLEAN,
    ENV_VALUE,
    FILESYSTEM,
    LIMIT,
    MILLISECONDS,
    NETWORK,
    PICTURES,
    POSITIVE,
    PROTOCOL,
    PROXY,
    TEXT,
    VARIABLE_NAME,
    WHILE_BUSY,
    Kind,
    Later,
    ListOf,
    MapOf,
    Wrong,
)
from qwen_dual.settings.stricter import no_higher, still_off
from qwen_dual.settings.terminal_keys import TERMINAL_KEYS

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

TEXTS = ListOf(TEXT)
NO_TEXTS: Sequence[str] = ()


def _server() -> Kind[Mapping[str, Any]]:
    from qwen_dual.settings.server_keys import SERVER

    return SERVER


def _price() -> Kind[Mapping[str, Any]]:
    from qwen_dual.settings.pricing_keys import PRICE

    return PRICE


def _telemetry() -> Kind[Mapping[str, Any]]:
    from qwen_dual.settings.telemetry_keys import ASKED

    return ASKED


# -- what takes something away

EVERYTHING = limiting.EVERYTHING
APPROVAL_MODE = limiting.APPROVAL_MODE
EXCLUDED_TOOLS = limiting.EXCLUDED_TOOLS
CORE_TOOLS = limiting.CORE_TOOLS
ASK = limiting.ASK
DENY = limiting.DENY
DISABLE_ALL_HOOKS = limiting.DISABLE_ALL_HOOKS
REVIEW = limiting.REVIEW
HOOK_URLS = limiting.HOOK_URLS
MCP_ALLOWED = limiting.MCP_ALLOWED
MCP_EXCLUDED = limiting.MCP_EXCLUDED
SKILLS_DISABLED = limiting.SKILLS_DISABLED

# -- all of it

PROVIDERS = Key(
    "modelProviders",
    MapOf(ListOf(ENTRY)),
    {},
    doc="Models by protocol: `openai`, `anthropic`, `gemini`.",
)
MODEL_PRICING = Key(
    "modelPricing",
    MapOf(Later("an object", _price)),
    {},
    doc="What models cost, by name, in US dollars: `inputPerMillionTokens`, `outputPerMillionTokens`, "
    "and `cachedInputPerMillionTokens` (without it, as input). The cost of a call that took what has no "
    "price is not known.",
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
FAST_MODEL = Key(
    "fastModel",
    TEXT,
    None,
    doc="The name of a configured model for small jobs such as the judging of `auto` mode, and for "
    "sub-agents that ask for `fast`.",
)
MAX_SUBAGENT_DEPTH = Key(
    "model.maxSubagentDepth",
    POSITIVE,
    5,
    stricter=no_higher,
    doc="How deep sub-agents may be nested: 1 lets none of them have its own; 100 at the most.",
)
MAX_SESSION_TURNS = Key(
    "model.maxSessionTurns",
    LIMIT,
    -1,
    legacy="maxSessionTurns",
    stricter=no_higher,
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
PLANS_DIRECTORY = Key(
    "plansDirectory",
    TEXT,
    None,
    doc="Where in the workspace plans that were allowed are kept; without it they are not.",
)
ALLOWED_TOOLS = Key(
    "tools.allowed", TEXTS, NO_TEXTS, "trusted", "allowedTools", "Rules as in `permissions.allow`."
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
HOOKS = Key(
    "hooks",
    ANYTHING,
    {},
    doc="Commands that are told of what happens, and may have a say in it; see `docs/hooks.md`. Those "
    "of all files run.",
)
STOP_HOOK_CAP = Key(
    "stopHookBlockingCap",
    POSITIVE,
    8,
    stricter=no_higher,
    doc="How often in a row `Stop` hooks may put off the end of a turn.",
)
HOOKS_MAY_BE_PRIVATE = Key(
    "security.allowPrivateNetworkHooks",
    BOOLEAN,
    default=False,
    trust="person",
    doc="Whether hooks of the type `http` may reach your own network.",
)
JSON_FILE = host_keys.JSON_FILE
INPUT_FILE = host_keys.INPUT_FILE
SOCKET = host_keys.SOCKET
RIGHTS = host_keys.RIGHTS
THEME = Key("ui.theme", TEXT, None, "anyone", "theme", "The theme's name.")
HIDE_BANNER = Key(
    "ui.hideBanner", BOOLEAN, False, "anyone", "hideBanner", "Starts without the banner."
)
IMAGES = Key(
    "ui.images", PICTURES, "off", "anyone", doc="How the terminal draws images: `auto` finds out."
)
ENTER_WHILE_BUSY = Key(
    "ui.enterWhileBusy",
    WHILE_BUSY,
    "steer",
    "anyone",
    doc="What Enter does while a turn runs: `steer` has a prompt join it before the next model call, "
    "`queue` keeps it for after it. Another key of the editor does the other.",
)
HIDE_TIPS = Key("ui.hideTips", BOOLEAN, False, "anyone", "hideTips", "Starts without tips.")
EDITOR = Key(
    "general.preferredEditor",
    TEXT,
    None,
    legacy="preferredEditor",
    trust="person",
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
    stricter=still_off,
    doc="Whether chats are saved and can be resumed, and prompts found again later.",
    closed=(False, "nothing is saved"),
)
OUTPUT_STYLE = Key(
    "general.outputStyle",
    TEXT,
    None,
    doc="How answers are written: the name of a file in `output-styles`, see `docs/commands.md`; "
    "`default` for none.",
)
CONTEXT_FILES = context_keys.CONTEXT_FILES
RESPECT_GIT_IGNORE = context_keys.RESPECT_GIT_IGNORE
RESPECT_QWEN_IGNORE = context_keys.RESPECT_QWEN_IGNORE
RECURSIVE_FILE_SEARCH = context_keys.RECURSIVE_FILE_SEARCH
MCP_SERVERS = Key(
    "mcpServers",
    MapOf(Later("an object", _server)),
    {},
    doc="MCP servers by name, see `docs/mcp.md`. One in a higher file replaces that of its name.",
    whole=True,
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
TELEMETRY = Key(
    "telemetry",
    Later("an object", _telemetry),
    {},
    "person",
    doc="Who is told what sessions do, by OpenTelemetry; see `docs/observe.md`. Nobody unless `enabled`.",
)

KEYS: Final[tuple[Key[Any], ...]] = (
    *(PROVIDERS, MODEL_PRICING, PROVIDER_PROTOCOL, ENV, SELECTED_TYPE),
    *(MODEL, FAST_MODEL, MAX_SUBAGENT_DEPTH, MAX_SESSION_TURNS, TEXT_TOOL_CALLS, OTHER_GENERATION),
    *(
        APPROVAL_MODE,
        PLANS_DIRECTORY,
        ALLOWED_TOOLS,
        EXCLUDED_TOOLS,
        CORE_TOOLS,
        SHELL_TIMEOUT,
        PASS_ENVIRONMENT,
    ),
    *(SANDBOX_BACKEND, SANDBOX_FILESYSTEM, SANDBOX_NETWORK, OUTPUT_CHARS, OUTPUT_LINES),
    *(
        ALLOW,
        ASK,
        DENY,
        *AUTO_KEYS,
        HOOKS,
        DISABLE_ALL_HOOKS,
        STOP_HOOK_CAP,
        HOOK_URLS,
        HOOKS_MAY_BE_PRIVATE,
        REVIEW,
        *host_keys.HOST_KEYS,
        THEME,
        HIDE_BANNER,
        IMAGES,
        HIDE_TIPS,
        ENTER_WHILE_BUSY,
        *TERMINAL_KEYS,
    ),
    *(EDITOR, VIM_MODE, CHAT_RECORDING, *CHECKPOINT_KEYS, OUTPUT_STYLE, SKILLS_DISABLED),
    *context_keys.CONTEXT_KEYS,
    *(MCP_SERVERS, MCP_ALLOWED, MCP_EXCLUDED, MCP_COMMAND, PROXY_URL),
    TELEMETRY,
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
