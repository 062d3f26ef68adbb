# make demo    install, train on handwritten digits, evaluate, predict: under three minutes
# make test    linters, types and all tests, what a commit must pass: a quarter of an hour on two quiet cores
# make quick   linters, types and the tests (nine in ten) that are not marked slow, for who edits: a minute
# make lint    linters and types alone
# make test-ray   the tests of training and predicting on a Ray cluster, in .venv-ray
# make docs    the documentation as a site, into build/docs
# make bench   the measurements of docs/benchmarks.md that need no GPU (benchmarks/gpu.py does)
# make clean   remove what the above made
#
# Everything is installed into .venv, which is made where it is missing. PYTHON=python3.12 chooses another.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
RAY_VENV := .venv-ray
PLUGINS := $(wildcard plugins/*)
PACKAGING := setup.cfg pyproject.toml constraints.txt $(wildcard plugins/*/pyproject.toml)
# Python compiles what it imports; pip would compile all of TensorFlow, which takes a minute.
PIP := $(BIN)/python -m pip install --no-compile --quiet --disable-pip-version-check -c constraints.txt
# Where the environment forbids it, every process compiles the modules again and rewrites the tests: 14 seconds
# of collecting in place of 7, in each of pytest's (measured).
export PYTHONDONTWRITEBYTECODE =
# In as many processes as continuous integration has cores.
PYTEST := $(BIN)/python -m pytest -n 2 --dist worksteal
# All that tests need is installed, so a skipped test is a failure; only data may be missing.
ALL_TESTS := SUITE_NO_SKIPS=1 $(PYTEST)
# What one test compiled, the next one finds: 73 seconds in place of 125 (measured).
COMPILED_ONCE := JAX_COMPILATION_CACHE_DIR=$(VENV)/.compiled JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS=0 \
	JAX_PERSISTENT_CACHE_MIN_ENTRY_SIZE_BYTES=-1
# With the extra `train`, which the plugins with a task have.
EDITABLE_PLUGINS := $(foreach plugin,$(PLUGINS),-e \
	'./$(plugin)$(if $(shell grep -l '^train = ' $(plugin)/pyproject.toml),[train])')

.PHONY: demo test test-ray quick lint docs bench clean
.DELETE_ON_ERROR:

demo: $(VENV)/.installed
	rm -rf demo
	$(BIN)/python examples/digits.py demo/digits
	$(BIN)/suite train image-classification demo/digits --out demo/run
	$(BIN)/suite evaluate demo/run
	$(BIN)/suite predict demo/run demo/digits/test/*/17[0-2]*.png
	@echo
	@echo "The report is demo/run/report.html"

test: $(VENV)/.installed-dev
	$(MAKE) --no-print-directory --jobs=2 lint docs
	$(ALL_TESTS)
	$(COMPILED_ONCE) KERAS_BACKEND=jax $(ALL_TESTS) -m backend tests

quick: lint
	$(PYTEST) -m 'not slow'

lint: $(VENV)/.installed-dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy --strict suite $(dir $(wildcard plugins/*/suite_*/__init__.py))

# Strict: a warning is an error, and all of them are listed.
docs: $(VENV)/.installed-dev
	$(BIN)/sphinx-build --quiet --fail-on-warning --keep-going --fresh-env -d build/docs/.doctrees docs build/docs

# On a Ray cluster of two processes, in an environment of its own: a minute and a half, and the installation.
test-ray: $(RAY_VENV)/.installed
	$(RAY_VENV)/bin/python -m pytest tests/on_ray

bench: $(VENV)/.installed-dev
	for benchmark in $(filter-out benchmarks/gpu.py,$(wildcard benchmarks/*.py)); do echo "== $$benchmark"; $(BIN)/python "$$benchmark" || exit 1; done

clean:
	rm -rf demo build dist *.egg-info plugins/*/*.egg-info plugins/*/build .mypy_cache .pytest_cache .ruff_cache \
		.hypothesis
	rm -f $(VENV)/.installed $(VENV)/.installed-dev
	find benchmarks docs examples plugins suite tests conftest.py -name __pycache__ -prune -exec rm -rf {} +

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || { \
		echo "suite needs Python 3.11 or newer, and '$(PYTHON)' is `$(PYTHON) --version 2>&1 || true`:" \
			"say make PYTHON=/path/to/a/newer/python3" >&2; exit 1; }
	$(PYTHON) -m venv $(VENV)

$(VENV)/.installed: $(PACKAGING) | $(BIN)/python
	@echo "Installing into $(VENV): a minute or so"
	$(PIP) -e '.[tensorflow]' $(EDITABLE_PLUGINS) scikit-learn # whose digits the demo uses
	@touch $@

$(RAY_VENV)/.installed: $(PACKAGING)
	$(PYTHON) -m venv $(RAY_VENV)
	$(RAY_VENV)/bin/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[ray,onnx]' onnx hypothesis pytest
	@touch $@

# At once, and not after `.installed`: each of the packages here is built once then.
$(VENV)/.installed-dev: $(PACKAGING) | $(BIN)/python
	@echo "Installing into $(VENV) all that tests need: two minutes or so"
	$(PIP) -e '.[tensorflow,jax,presets,export,litert,openvino,serve,dev]' $(EDITABLE_PLUGINS) scikit-learn
	@touch $(VENV)/.installed $@
