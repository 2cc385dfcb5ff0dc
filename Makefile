# One command each, on a machine with Python 3.11 (or later) and make:
#   make run    the interactive UI, offline model, both channels on   (ARGS="…" passes through)
#   make test   lint, types, tests
PYTHON ?= python3
VENV ?= .venv
ARGS ?=
TESTS ?= tests
PIP := $(VENV)/bin/python -m pip --disable-pip-version-check -q

.PHONY: run test lint format types spell unit bench schema docs screenshots screens wheel clean

run: $(VENV)/.run
	@$(VENV)/bin/qwen-dual --channel-dir $(ARGS)

test: lint types spell unit

lint: $(VENV)/.dev
	$(VENV)/bin/ruff check .
	$(VENV)/bin/ruff format --check .

format: $(VENV)/.dev
	$(VENV)/bin/ruff check --fix .
	$(VENV)/bin/ruff format .

types: $(VENV)/.dev
	$(VENV)/bin/mypy

spell: $(VENV)/.dev
	$(VENV)/bin/codespell

# Three at a time on two cores: many tests wait for programs in terminals of their own.
unit: $(VENV)/.dev
	$(VENV)/bin/python -m pytest -n 3 --hypothesis-profile=ci $(TESTS)

bench: $(VENV)/.dev
	$(VENV)/bin/python -m benchmarks $(ARGS)

schema: $(VENV)/.dev
	$(VENV)/bin/python -m qwen_dual.protocol.schema docs/schema
	$(VENV)/bin/python -m qwen_dual.settings.table docs/settings.md
	$(VENV)/bin/python -m qwen_dual.tools.schemas
	$(VENV)/bin/python -m docs.pages

docs: $(VENV)/.dev
	NO_MKDOCS_2_WARNING=1 $(VENV)/bin/mkdocs build --strict

screenshots: $(VENV)/.dev
	$(VENV)/bin/python -m docs.screenshots

screens: $(VENV)/.dev
	$(VENV)/bin/python -m tests.screens.kept

wheel: $(VENV)/.dev
	$(VENV)/bin/python -m build --wheel --outdir dist .

$(VENV)/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "Python 3.11 or later is needed, and $(PYTHON) is older: make PYTHON=/path/to/python3.11 …"; exit 1; }
	@echo "Setting up $(VENV) (once)"
	@$(PYTHON) -m venv $(VENV)

$(VENV)/.run: pyproject.toml constraints.txt | $(VENV)/bin/python
	@$(PIP) install -c constraints.txt -e .
	@touch $@

$(VENV)/.dev: pyproject.toml constraints.txt | $(VENV)/bin/python
	@$(PIP) install -c constraints.txt -e '.[dev]'
	@touch $@ $(VENV)/.run

clean:
	rm -rf $(VENV) build dist .mypy_cache .ruff_cache .pytest_cache .hypothesis
