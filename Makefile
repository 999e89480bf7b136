# Two commands: `make demo [PICTURES=folder]` and `make test`. docs/install.md has them for systems
# without make. `make docs` builds the documentation into site/.
PYTHON ?= python3
ifeq ($(OS),Windows_NT)
BIN := .venv/Scripts
else
BIN := .venv/bin
endif
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet

.PHONY: demo test soak docs clean

demo: .venv/installed
	$(BIN)/python samples/demo.py $(if $(PICTURES),"$(PICTURES)")

test: .venv/installed-for-tests
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/python -m pytest --numprocesses 2 --dist loadfile --no-loadscope-reorder --durations 10

# Hundreds of kills, fuzzing and matrices of damage, of which `make test` runs a short form.
soak: export LOOKALIKE_SOAK := 1
soak: .venv/installed-for-tests
	$(BIN)/python -m pytest --numprocesses 2 --dist loadfile --no-loadscope-reorder

docs: .venv/installed-for-docs
	$(BIN)/python -m mkdocs build --strict

clean:
	rm -rf .venv demo site

.venv/installed: pyproject.toml
	$(PYTHON) -m venv .venv
	$(PIP) install --editable .
	touch $@

.venv/installed-for-tests: .venv/installed
	$(PIP) install --editable ".[test]"
	touch $@

.venv/installed-for-docs: .venv/installed
	$(PIP) install --editable ".[docs]"
	touch $@
