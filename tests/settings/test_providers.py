"""Which models there are and which one is chosen, by settings, environment and flags."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from qwen_dual.settings.providers import BadFlag, Providers, resolve

if TYPE_CHECKING:
    from qwen_dual.settings.model_config import ModelConfig
    from tests.settings.folders import Folders

DASHSCOPE = "https://dashscope.aliyuncs.com/compatible-mode/v1"
TWO = {
    "modelProviders": {
        "openai": [
            {"id": "qwen", "envKey": "DASH_KEY", "baseUrl": DASHSCOPE},
            {"id": "gpt", "name": "GPT", "description": "big"},
        ],
        "anthropic": [{"id": "claude", "baseUrl": "https://api.anthropic.com/v1"}],
    }
}


def chosen(providers: Providers) -> ModelConfig:
    assert providers.chosen is not None
    return providers.models[providers.chosen]


def test_nothing_configured_is_nothing(folders: Folders) -> None:
    assert resolve(folders.load()) == Providers()
    folders.user({"model": {"name": "x"}, "security": {"auth": {"selectedType": "qwen-oauth"}}})
    providers = resolve(folders.load())
    assert providers.models == ()
    assert "selectedType = 'qwen-oauth' is not used" in providers.warnings[0]


@pytest.mark.parametrize(
    ("env", "protocol", "model", "url"),
    [
        (
            {"OPENAI_API_KEY": "k", "OPENAI_BASE_URL": "http://h/v1/", "OPENAI_MODEL": "m"},
            "openai",
            "m",
            "http://h/v1",
        ),
        ({"OPENAI_API_KEY": "k", "QWEN_MODEL": "m"}, "openai", "m", "https://api.openai.com/v1"),
        (
            {"ANTHROPIC_API_KEY": "k", "ANTHROPIC_MODEL": "m", "ANTHROPIC_BASE_URL": "http://h/v1"},
            "anthropic",
            "m",
            "http://h",
        ),
        (
            {"GEMINI_API_KEY": "k", "GEMINI_MODEL": "m"},
            "gemini",
            "m",
            "https://generativelanguage.googleapis.com",
        ),
        (
            {"ANTHROPIC_API_KEY": " k\n"},
            "anthropic",
            "claude-sonnet-4-5",
            "https://api.anthropic.com",
        ),
    ],
)
def test_the_environment_alone_is_enough(
    folders: Folders, env: dict[str, str], protocol: str, model: str, url: str
) -> None:
    config = chosen(resolve(folders.load(**env)))
    assert (config.protocol, config.id, config.base_url) == (protocol, model, url)
    assert (config.api_key, config.source) == ("k", "environment")


def test_a_local_server_needs_no_key(folders: Folders) -> None:
    config = chosen(resolve(folders.load(OPENAI_BASE_URL="http://localhost:1", OPENAI_MODEL="m")))
    assert (config.base_url, config.api_key) == ("http://localhost:1", None)


def test_an_address_without_a_model_says_what_is_missing(folders: Folders) -> None:
    providers = resolve(folders.load(OPENAI_BASE_URL="http://localhost:1", OPENAI_API_KEY="k"))
    assert providers.chosen is None
    assert providers.warnings == (
        "no model is known at http://localhost:1: give -m MODEL or set OPENAI_MODEL",
    )


def test_a_bad_address_keeps_its_key_from_going_elsewhere(folders: Folders) -> None:
    env = {"OPENAI_API_KEY": "k", "OPENAI_BASE_URL": "localhost:1", "OPENAI_MODEL": "m"}
    providers = resolve(folders.load(**env))
    assert all(config.api_key is None for config in providers.models)
    (asked_for,) = resolve(folders.load(**env), model="m").models
    assert asked_for.unusable == f"{providers.warnings[0]}."
    assert "http://" in asked_for.unusable
    assert (
        "OPENAI_BASE_URL in environment is not used, nor is OPENAI_API_KEY"
        in (providers.warnings[0])
    )


def test_entries_become_models_with_their_keys(folders: Folders) -> None:
    folders.user({**TWO, "env": {"DASH_KEY": "dash"}, "proxy": "http://p:1"})
    (folders.home / ".env").write_text("OPENAI_API_KEY=oa\n")
    qwen, gpt, claude = resolve(folders.load()).models
    assert (qwen.api_key, qwen.key_source) == ("dash", f"DASH_KEY in {folders.user_file}")
    assert (gpt.api_key, gpt.key_source) == ("oa", f"OPENAI_API_KEY in {folders.home}/.env")
    assert (claude.api_key, claude.key_source) == (None, "ANTHROPIC_API_KEY")
    assert (gpt.label, gpt.description, gpt.source) == ("GPT", "big", str(folders.user_file))
    assert claude.base_url == "https://api.anthropic.com"
    assert qwen.proxy == "http://p:1"
    assert "dash" not in repr(qwen).replace("dashscope", "")


def test_generation_config_becomes_seconds_and_has_defaults(folders: Folders) -> None:
    config = {
        "timeout": 5000,
        "streamIdleTimeoutMs": 1500,
        "maxRetries": 2,
        "contextWindowSize": 1000,
        "samplingParams": {"temperature": 0.5, "reasoning_effort": "low"},
        "extra_body": {"a": None},
        "customHeaders": {"X": "y"},
        "reasoning": False,
        "modalities": {"image": True, "pdf": True},
    }
    folders.user(
        {"modelProviders": {"openai": [{"id": "a", "generationConfig": config}, {"id": "b"}]}}
    )
    full, plain = (model.generation for model in resolve(folders.load()).models)
    assert (full.timeout, full.idle_timeout, full.max_retries) == (5.0, 1.5, 2)
    assert (full.context_window, full.reasoning, full.images) == (1000, False, True)
    assert full.sampling == {"temperature": 0.5, "reasoning_effort": "low"}
    assert (full.extra_body, full.headers) == ({"a": None}, {"X": "y"})
    assert (plain.timeout, plain.idle_timeout, plain.max_retries) == (120.0, 240.0, 6)
    assert plain.images is None


@pytest.mark.parametrize(
    ("settings", "flags", "expected"),
    [
        ({}, {}, "qwen"),
        ({"model": {"name": "gpt"}}, {}, "gpt"),
        ({"security": {"auth": {"selectedType": "anthropic"}}}, {}, "claude"),
        ({"model": {"name": "gpt"}}, {"model": "claude"}, "claude"),
        ({"model": {"name": "gpt"}}, {"auth_type": "anthropic"}, "claude"),
        ({"security": {"auth": {"selectedType": "anthropic"}}}, {"model": "gpt"}, "gpt"),
        ({}, {"api_key": "k"}, "qwen"),
    ],
)
def test_flags_win_over_the_selected_type_and_the_name(
    folders: Folders, settings: dict[str, Any], flags: dict[str, str], expected: str
) -> None:
    folders.user({**TWO, **settings})
    assert chosen(resolve(folders.load(DASH_KEY="k"), **flags)).id == expected


def test_the_environments_model_wins_over_the_settings_name(folders: Folders) -> None:
    folders.user({**TWO, "model": {"name": "gpt"}})
    env = {"OPENAI_API_KEY": "k", "OPENAI_BASE_URL": "http://h", "OPENAI_MODEL": "local"}
    providers = resolve(folders.load(**env))
    assert (chosen(providers).id, chosen(providers).base_url) == ("local", "http://h")
    assert [config.id for config in providers.models] == ["qwen", "gpt", "claude", "local"]
    assert chosen(resolve(folders.load(OPENAI_MODEL="qwen"))).base_url == DASHSCOPE


def test_a_model_that_nobody_describes_is_passed_on_as_it_is(folders: Folders) -> None:
    config = chosen(resolve(folders.load(), model="any"))
    assert (config.id, config.protocol, config.key_source) == ("any", "openai", "OPENAI_API_KEY")
    config = chosen(resolve(folders.load(ANTHROPIC_API_KEY="k"), model="any"))
    assert (config.protocol, config.api_key, config.source) == ("anthropic", "k", "command line")
    config = chosen(resolve(folders.load(), model="any", auth_type="gemini"))
    assert (config.protocol, config.key_source) == ("gemini", "GEMINI_API_KEY")


def test_an_unknown_model_is_asked_of_the_service_that_is_configured(folders: Folders) -> None:
    folders.user({**TWO, "model": {"generationConfig": {"timeout": 1000}}})
    config = chosen(resolve(folders.load(DASH_KEY="k"), model="qwen-new"))
    assert (config.id, config.base_url, config.api_key) == ("qwen-new", DASHSCOPE, "k")
    assert config.generation.timeout == 1.0


def test_the_name_in_the_settings_works_with_an_environment_alone(folders: Folders) -> None:
    folders.user(
        {
            "security": {"auth": {"selectedType": "openai"}},
            "model": {"name": "qwen3"},
            "env": {"OPENAI_API_KEY": "k", "OPENAI_BASE_URL": DASHSCOPE},
        }
    )
    config = chosen(resolve(folders.load()))
    assert (config.id, config.base_url, config.api_key) == ("qwen3", DASHSCOPE, "k")


def test_the_flags_for_key_and_address_reach_the_chosen_model_only(folders: Folders) -> None:
    folders.user(TWO)
    providers = resolve(folders.load(DASH_KEY="k"), api_key="flag", base_url="http://flag/v1/")
    config = chosen(providers)
    assert (config.id, config.api_key, config.base_url) == ("qwen", "flag", "http://flag/v1")
    assert config.key_source == "--openai-api-key"
    assert providers.models[1].api_key is None
    config = chosen(resolve(folders.load(), base_url="http://flag", model="m"))
    assert (config.id, config.base_url) == ("m", "http://flag")


def test_flags_that_cannot_be_used_are_errors(folders: Folders) -> None:
    with pytest.raises(BadFlag, match="--auth-type oauth: expected one of openai, anthropic"):
        resolve(folders.load(), auth_type="oauth")
    with pytest.raises(BadFlag, match="--openai-base-url: expected a URL"):
        resolve(folders.load(), base_url="localhost")
    with pytest.raises(BadFlag, match="--openai-api-key: it is empty or holds"):
        resolve(folders.load(), api_key="planted\n")


def test_a_key_that_no_header_can_hold_is_not_used(folders: Folders) -> None:
    config = chosen(resolve(folders.load(OPENAI_API_KEY="k\u00e9y", OPENAI_MODEL="m"), model="m"))
    assert config.api_key is None
    assert config.key_source == "OPENAI_API_KEY (it holds characters that no key has)"


def test_models_with_the_same_id_have_names_of_their_own(folders: Folders) -> None:
    folders.user(
        {
            "modelProviders": {
                "openai": [
                    {"id": "m"},
                    {"id": "m", "baseUrl": "http://u:p@one:1/v1"},
                    {"id": "m", "baseUrl": "http://one:1/v2"},
                    {"id": "m", "baseUrl": "http://one:1/v2/"},
                    {"id": "alone"},
                ],
                "anthropic": [{"id": "m"}],
            }
        }
    )
    providers = resolve(folders.load(), model="m (one:1)")
    assert list(providers.named) == [
        "m (api.openai.com)",
        "m (one:1)",
        "m (one:1) 2",
        "alone",
        "m (anthropic)",
    ]
    assert providers.chosen_name == "m (one:1)"
    assert list(providers.named.values()) == list(providers.models)
    assert "is there twice; the first is used" in providers.warnings[0]
    assert chosen(resolve(folders.load(), model="m", auth_type="anthropic")).protocol == "anthropic"


def test_a_name_of_ones_own_needs_a_protocol(folders: Folders) -> None:
    models = {"modelProviders": {"lab": [{"id": "m"}]}}
    folders.user(models)
    providers = resolve(folders.load())
    assert providers.models == ()
    assert "modelProviders.lab is not used: expected one of openai" in providers.warnings[0]
    folders.user(
        {
            **models,
            "providerProtocol": {"lab": "gemini"},
            "security": {"auth": {"selectedType": "lab"}},
        }
    )
    assert chosen(resolve(folders.load())).protocol == "gemini"


def test_a_selected_type_without_models_gives_way_and_says_so(folders: Folders) -> None:
    folders.user({"security": {"auth": {"selectedType": "openai"}}})
    providers = resolve(folders.load())
    assert providers.chosen is None
    assert "set OPENAI_API_KEY and OPENAI_MODEL" in providers.warnings[0]
    providers = resolve(folders.load(ANTHROPIC_API_KEY="k", ANTHROPIC_MODEL="c"))
    assert chosen(providers).id == "c"
    assert "no model of it is configured; c (anthropic) is used" in providers.warnings[0]
