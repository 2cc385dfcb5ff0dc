# One command each, on a machine with Python 3.11 (or later) and make:
#   make run    the interactive UI, offline model, both channels on   (ARGS="…" passes through)
#   make web    the same session's terminal and chat in a browser   (Node and npm are needed to build the page)
#   make test   lint, types, tests; in a browser: make browser
PYTHON ?= python3
VENV ?= .venv
ARGS ?=
TESTS ?= tests
PIP := $(VENV)/bin/python -m pip --disable-pip-version-check -q

.PHONY: run web page test lint format types spell unit browser bench schema docs screenshots screens wheel clean

run: $(VENV)/.run
	@$(VENV)/bin/qwen-dual --channel-dir $(ARGS)

web: $(VENV)/.web page
	@$(VENV)/bin/qwen-dual web --open $(ARGS) -- $(VENV)/bin/qwen-dual --offline

PAGE := qwen_dual/web/page
PAGE_SOURCES := $(shell find $(PAGE)/src $(PAGE)/*.html $(PAGE)/*.json $(PAGE)/*.ts -type f)

page: qwen_dual/web/static/index.html

qwen_dual/web/static/index.html: $(PAGE_SOURCES) $(PAGE)/node_modules/.installed
	@npm --prefix $(PAGE) run --silent build

$(PAGE)/node_modules/.installed: $(PAGE)/package.json
	@command -v npm >/dev/null || { echo "Node and npm are needed to build the page (https://nodejs.org)"; exit 1; }
	@npm install --prefix $(PAGE) --no-package-lock --no-audit --no-fund --loglevel=error
	@touch $@

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

# Four at a time on two cores: many tests wait for programs in terminals of their own. Neighbours stay
# together, such that what a module's tests share is made once, until a worker has nothing left to do.
unit: $(VENV)/.dev
	$(VENV)/bin/python -m pytest -n 4 --dist worksteal --hypothesis-profile=ci -m "not browser" $(TESTS)

# In Chromium, where there is one.
browser: $(VENV)/.dev page
	npm --prefix $(PAGE) test
	$(VENV)/bin/python -m pytest -n 2 -m browser tests/web

bench: $(VENV)/.dev
	$(VENV)/bin/python -m benchmarks $(ARGS)

schema: $(VENV)/.dev
	$(VENV)/bin/python -m qwen_dual.protocol.schema docs/schema
	$(VENV)/bin/python -m qwen_dual.settings.table docs/settings.md
	$(VENV)/bin/python -m qwen_dual.tools.schemas
	$(VENV)/bin/python -m docs.pages

docs: $(VENV)/.dev
	NO_MKDOCS_2_WARNING=1 $(VENV)/bin/mkdocs build --strict

screenshots: $(VENV)/.dev page
	$(VENV)/bin/python -m docs.screenshots

screens: $(VENV)/.dev
	$(VENV)/bin/python -m tests.screens.kept

wheel: $(VENV)/.dev page
	$(VENV)/bin/python -m build --wheel --outdir dist .

$(VENV)/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "Python 3.11 or later is needed, and $(PYTHON) is older: make PYTHON=/path/to/python3.11 …"; exit 1; }
	@echo "Setting up $(VENV) (once)"
	@$(PYTHON) -m venv $(VENV)

$(VENV)/.run: pyproject.toml constraints.txt | $(VENV)/bin/python
	@$(PIP) install -c constraints.txt -e .
	@touch $@

$(VENV)/.web: pyproject.toml constraints.txt | $(VENV)/bin/python
	@$(PIP) install -c constraints.txt -e '.[web]'
	@touch $@ $(VENV)/.run

$(VENV)/.dev: pyproject.toml constraints.txt | $(VENV)/bin/python
	@$(PIP) install -c constraints.txt -e '.[dev]'
	@touch $@ $(VENV)/.run $(VENV)/.web

clean:
	rm -rf $(VENV) build dist .mypy_cache .ruff_cache .pytest_cache .hypothesis
