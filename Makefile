# Two commands do everything on a fresh Debian-like machine with Python 3.11 or newer:
#   make demo    break a small stack and watch it being healed        make test    run everything
# Both do all their set-up, say what they install and why, and can be run again at any time.

PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
READY  := $(VENV)/.ready

.DEFAULT_GOAL := help
.PHONY: help demo up test bench lint fmt clean

help: ## What there is to run
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-8s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

demo: $(READY) ## Break a small stack of real containers, and watch it being healed
	$(BIN)/python -m deployments.demo

up: $(READY) ## The same stack and everything around it, kept running until Ctrl-C
	$(BIN)/python -m deployments.demo --keep

test: $(READY) ## Lint, types, layers, and every test, on real components
	$(BIN)/python tests/prepare.py
	$(MAKE) --no-print-directory lint
	$(BIN)/python -m pytest -n 2

bench: $(READY) ## The speed and accuracy claims, measured again
	$(BIN)/python -m benchmarks

lint: $(READY) ## Style, types and layers
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/pyright
	$(BIN)/lint-imports

fmt: $(READY) ## Put the source into shape
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

clean: ## Forget the virtual environment and all state of the demo
	rm -rf $(VENV) .state .pytest_cache .ruff_cache .import_linter_cache

$(READY): pyproject.toml constraints.txt
	@echo "Setting up $(VENV): healing, its pipelines and what its tests need, in versions that ran together."
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
	  || { echo "Python 3.11 or newer is needed; PYTHON=... make ... names another one."; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || { \
	  echo "Installing python3-venv: this Python cannot make virtual environments without it."; \
	  apt-get update -q && DEBIAN_FRONTEND=noninteractive apt-get install -qy python3-venv; }
	@$(PYTHON) -m venv --clear $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --upgrade 'pip>=25.1'
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt \
	  -e '.[pipelines]' --group dev
	@touch $@
