"""What is said of an answer that is not as it should be: to the person, and to the model."""

from __future__ import annotations

CUT_OFF = (
    "The answer reached the model's limit of output tokens (max_tokens) and is not complete. "
    "Ask it to go on, or raise samplingParams.max_tokens in the settings."
)

THOUGHT_ABOVE = (
    "The text above was the model's thinking: only a tag at its end told so. It is no part of the "
    "answer, and from the next one on it is shown as thinking."
)
WRITTEN = (
    "The model wrote a call of {tools} as text, and nothing was run: the server did not read it as "
    "a call. Let the server parse tool calls (vLLM: --enable-auto-tool-choice with "
    "--tool-call-parser; llama.cpp: --jinja), choose a model that was made for tools, or "
    "set model.textToolCalls to true in your settings, which runs such calls with the usual "
    "approvals."
)
WRITTEN_TOLD = (
    "You wrote a call of {tools} as text, and text runs nothing. Make the call through the tool "
    "interface of this conversation, without any notation of your own; if you cannot, say so."
)
