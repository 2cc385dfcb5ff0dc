"""The keys of one model: how calls to it are made, and an entry of ``modelProviders``.

``keys`` has what stands around them.
"""

from __future__ import annotations

from qwen_dual.settings.key import Key, Section
from qwen_dual.settings.rules import (
    ANYTHING,
    BOOLEAN,
    COUNT,
    HEADER,
    MILLISECONDS,
    NUMBER,
    POSITIVE,
    REASONING,
    TEXT,
    URL,
    VARIABLE_NAME,
    MapOf,
)

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
