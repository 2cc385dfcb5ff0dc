"""The kept schemas of tools' arguments are those that the models of the arguments make."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from qwen_dual.tools import parameters, schemas


def test_the_kept_schemas_are_those_of_the_parameters() -> None:
    assert Path(schemas.PATH).read_text("utf-8") == schemas.text(), "run `make schema`"
    for tool in parameters.MODELS:
        assert schemas.schema(tool) == parameters.schema(tool)


def test_telling_a_model_of_the_tools_imports_no_pydantic() -> None:
    code = (
        "import sys; from qwen_dual.tools.schemas import schema; schema('edit'); "
        "print('pydantic' in sys.modules)"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ran.stdout == "False\n"
