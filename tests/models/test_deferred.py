"""A model that costs nothing until it is asked."""

from __future__ import annotations

import subprocess
import sys

import anyio

from qwen_dual.core.models.model import TextDelta
from qwen_dual.models.deferred import DeferredModel
from qwen_dual.settings.model_config import Generation, ModelConfig
from tests.models.calling import HELLO, WHOLE
from tests.models.server import serve


def config(url: str = "http://127.0.0.1:9/v1", window: int | None = None) -> ModelConfig:
    return ModelConfig("qwen3", "openai", url, generation=Generation(context_window=window))


def test_making_one_imports_no_adapter() -> None:
    code = (
        "import sys; from qwen_dual.settings.model_config import ModelConfig;"
        "from qwen_dual.models.deferred import DeferredModel;"
        "model = DeferredModel(ModelConfig('m', 'openai', 'http://x'), {});"
        "print(model.name, model.context_window > 0,"
        " any(name in sys.modules for name in ('qwen_dual.models.remote', 'ssl', 'httpcore')))"
    )
    told = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    ).stdout
    assert told == "m True False\n"


def test_it_knows_what_its_adapter_knows() -> None:
    for window in (None, 1234):
        model = DeferredModel(config(window=window), {})
        assert model.context_window == model.load().context_window
        assert model.name == model.load().name
        assert model.load() is model.load()


def test_it_answers_and_closes() -> None:
    async def main() -> list[str]:
        async with serve(WHOLE) as server:
            model = DeferredModel(config(server.url), {})
            await model.aclose()
            said = [d.text async for d in model.stream(HELLO) if isinstance(d, TextDelta)]
            await model.aclose()
            return said

    assert anyio.run(main) == ["hi"]
