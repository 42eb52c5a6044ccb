# Everything a person does with the project: `make help` lists it.
#
#   make run PORT=8090          serve on another port
#   make run PYTHON=python3.12  use another Python for the environment
#   make test TESTS=tests/test_config.py
#   make bench SIZE=small

VENV := .venv
ifeq ($(OS),Windows_NT)
PYTHON ?= python
BIN := $(VENV)/Scripts
INTERPRETER := $(BIN)/python.exe
else
PYTHON ?= python3
BIN := $(VENV)/bin
INTERPRETER := $(BIN)/python
endif
PIP := $(INTERPRETER) -m pip --disable-pip-version-check --quiet
RUNTIME := $(VENV)/runtime.stamp
DEVELOPMENT := $(VENV)/development.stamp
LOCK := --universal --python-version 3.11 --fork-strategy fewest --generate-hashes --no-header --no-annotate \
	--no-emit-index-url --no-emit-find-links --quiet

# Kept even where the environment forbids it: every process of the tests would compile each package anew.
export PYTHONDONTWRITEBYTECODE :=

.PHONY: run setup test check bench translate vendor lock help
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:

run: $(RUNTIME) ## install if needed, prepare the database, serve on 127.0.0.1 (PORT=8080)
	@$(INTERPRETER) run.py

setup: $(RUNTIME) ## only make the environment in .venv, install, compile the translations
	@$(INTERPRETER) -m tools.translations compile

test: $(DEVELOPMENT) ## every test, on SQLite, on PostgreSQL and in a browser (TESTS= for some)
	@$(INTERPRETER) -m tools.browser
	@$(INTERPRETER) -m pytest -n 3 --maxschedchunk 2 $(TESTS)

check: $(DEVELOPMENT) ## format, lint, types, templates, translations, dead links
	@$(BIN)/ruff format --check --quiet .
	@$(BIN)/ruff check --quiet .
	@$(BIN)/mypy
	@$(BIN)/djlint --lint --quiet app/templates
	@$(INTERPRETER) -m tools.translations check
	@$(INTERPRETER) -m tools.links
	@echo "make check: clean"

bench: $(DEVELOPMENT) ## measure, as a table and in build/bench.json (SIZE=)
	@$(INTERPRETER) -m bench $(if $(SIZE),--size $(SIZE))

translate: $(DEVELOPMENT) ## bring new texts into the catalogues and compile them
	@$(INTERPRETER) -m tools.translations update
	@$(INTERPRETER) -m tools.translations compile

vendor: $(RUNTIME) ## copy the front end's packages into app/static (needs npm)
	@npm ci --ignore-scripts --no-audit --no-fund
	@$(INTERPRETER) -m tools.vendor

lock: $(RUNTIME) ## choose the newest versions that requirements*.in allow
	@$(PIP) install uv
	@$(BIN)/uv pip compile requirements.in -o requirements.txt --upgrade $(LOCK)
	@$(BIN)/uv pip compile requirements-dev.in -o requirements-dev.txt --upgrade $(LOCK)

help: ## list these
	@awk -F ':.*## ' '/^[a-z]+:.*## /{printf "make %-10s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

$(INTERPRETER):
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || \
		{ echo "Python 3.11 or newer is needed, '$(PYTHON)' is not: add PYTHON=python3.12 or alike." >&2; exit 1; }
	@echo "Making the environment in $(VENV) …"
	@$(PYTHON) -m venv $(VENV)

# The stamps are as new as what is installed: nothing is done until a list of packages or Python changes.
$(RUNTIME): requirements.txt $(INTERPRETER)
	@echo "Installing what the program needs …"
	@$(PIP) install --require-hashes -r requirements.txt
	@touch $@

$(DEVELOPMENT): requirements-dev.txt $(INTERPRETER)
	@echo "Installing what tests and checks need …"
	@$(PIP) install --require-hashes -r requirements-dev.txt
	@touch $(RUNTIME) $@
