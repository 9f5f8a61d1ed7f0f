# Every target sets itself up: on a machine with Python (3.11 or newer) and make, `make demo` and `make test` work.
# Stamp files in .venv remember what is installed, so that a second call starts at once.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check
PINNED := --constraint constraints.txt
PYTEST_FLAGS ?= -n 2 --dist loadfile

# One BLAS thread: the matrices are small, and idle threads that spin made steps up to 30 times slower.
export OPENBLAS_NUM_THREADS := 1
export OMP_NUM_THREADS := 1
# Figures are written to files; no display is needed.
export MPLBACKEND := agg

.DEFAULT_GOAL := help
.PHONY: help demo test test-slow lint format types docs bench constraints clean

help:
	@echo "make demo       install, solve two models, print how accurate the answers are, write a report"
	@echo "make test       install and run the tests (make test-slow: the long ones)"
	@echo "make lint       check the style (make format: repair it);  make types: check the types"
	@echo "make docs       build the documentation into site/"
	@echo "make bench      run the benchmarks that are not fresh and rewrite the table of the README"
	@echo "make clean      remove the environment, caches and built pages; runs/ stays"

$(VENV)/stamp-pip: constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "saddlepath needs Python 3.11 or newer, and $(PYTHON) is %d.%d; name another one: make PYTHON=python3.12 ..." % sys.version_info[:2])'
	$(PYTHON) -m venv $(VENV)
	$(PIP) $(PINNED) pip
	@touch $@

$(VENV)/stamp-run: $(VENV)/stamp-pip pyproject.toml
	$(PIP) $(PINNED) --build-constraint constraints.txt --editable .
	@touch $@

$(VENV)/stamp-%: $(VENV)/stamp-run
	$(PIP) $(PINNED) --group $*
	@touch $@

demo: $(VENV)/stamp-run
	$(BIN)/python -m saddlepath.cli demo --out runs/demo

test: $(VENV)/stamp-tests
	$(BIN)/python -m pytest $(PYTEST_FLAGS)

# Slow tests compute for longer than they compile, so they keep the optimiser that tests/conftest.py leaves out.
test-slow: $(VENV)/stamp-tests
	XLA_FLAGS="--xla_backend_optimization_level=3 $$XLA_FLAGS" $(BIN)/python -m pytest -m slow

lint: $(VENV)/stamp-lint
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

format: $(VENV)/stamp-lint
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

types: $(VENV)/stamp-types
	$(BIN)/pyright

docs: $(VENV)/stamp-docs
	NO_MKDOCS_2_WARNING=1 $(BIN)/python -m mkdocs build --strict

bench: $(VENV)/stamp-run
	$(BIN)/python -m benchmarks.run
	$(BIN)/python -m benchmarks.first_step
	$(BIN)/python -m benchmarks.table

constraints: $(VENV)/stamp-pip
	$(BIN)/python .ci/pin.py > constraints.new
	mv constraints.new constraints.txt

clean:
	rm -rf $(VENV) .cache .pytest_cache .ruff_cache .hypothesis site
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
