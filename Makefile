# `make run` and `make test` need Python 3.11 or newer and nothing else; they build the virtual environment themselves.
PYTHON ?= python3
PORT ?= 8000
BIN := .venv/bin
PIP_INSTALL := $(BIN)/python -m pip install --quiet --disable-pip-version-check --no-input --require-hashes
UV_COMPILE := $(BIN)/uv pip compile pyproject.toml --universal --generate-hashes --quiet --python-version 3.11 \
	--custom-compile-command "make lock"

# Many tests wait for programs that they started: one more than there are processors keeps these busy.
PROCESSES := $(shell expr $$(getconf _NPROCESSORS_ONLN) + 1)

# What the checks start Django with: no database and no secret is real.
CHECK_ENVIRONMENT := SECRET_KEY=check SECRETS_KEYS=check DATABASE_URL=sqlite://:memory: REDIS_URL=

.PHONY: run demo test test-postgresql check bench messages lock

run: .venv/installed
	@$(BIN)/python -m regviewer.bootstrap
	@$(BIN)/python manage.py up --port $(PORT)

demo: .venv/installed
	@$(BIN)/python -m regviewer.bootstrap
	@$(BIN)/python manage.py demo --port $(PORT)

test: .venv/installed-for-development
	$(BIN)/python -m pytest --numprocesses $(PROCESSES) $(ARGS)

# The same on PostgreSQL, less what has no database of its own to swap.
test-postgresql: .venv/installed-for-development
	$(BIN)/python -m tests.on_postgresql $(BIN)/python -m pytest -p tests.on_postgresql --numprocesses $(PROCESSES) --ignore tests/registry --ignore tests/browser \
		--ignore tests/chaos --ignore tests/test_bench_polls.py --ignore tests/test_up.py --ignore tests/test_supervisor.py --ignore tests/test_end_to_end.py $(ARGS)

check: .venv/installed-for-development
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	find tags -name '*.html' -exec $(BIN)/djade --check --target-version 5.2 {} +
	$(CHECK_ENVIRONMENT) $(BIN)/mypy
	$(CHECK_ENVIRONMENT) $(BIN)/python manage.py makemigrations --check --dry-run

# How fast the pages are with much in the database, and what polls take; ARGS as "polls --only tags --database sqlite".
bench: .venv/installed-for-development
	$(BIN)/python -m tests.bench $(ARGS)

# Brings the translations in step with the sources; what is new is then to be translated, and compiled by another run.
messages: .venv/installed-for-development
	cd tags && ../$(BIN)/python -m django makemessages --locale de --no-wrap --no-obsolete --add-location file
	cd tags && ../$(BIN)/python -m django compilemessages --locale de

lock: .venv/installed-for-development
	$(UV_COMPILE) --output-file requirements.txt
	$(UV_COMPILE) --group dev --output-file requirements-dev.txt

.venv/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed: make PYTHON=...")'
	@echo "Making the virtual environment .venv"
	@$(PYTHON) -m venv .venv

.venv/installed: requirements.txt | .venv/bin/python
	@echo "Installing what RegistryViewer needs"
	@$(PIP_INSTALL) --requirement requirements.txt
	@touch $@

.venv/installed-for-development: requirements-dev.txt | .venv/bin/python
	@echo "Installing what RegistryViewer and its tests need"
	@$(PIP_INSTALL) --requirement requirements-dev.txt
	@touch $@
