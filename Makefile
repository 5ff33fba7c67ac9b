# make run · make demo · make test · make check · make help for the rest
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
# So many processes share the tests, as one alone leaves a core idle; WORKERS=0 for none but pytest's own, to debug.
WORKERS ?= 2
UV := $(BIN)/uv
LOCK := $(UV) pip compile --quiet --universal --fork-strategy fewest --python-version 3.11 \
	--override requirements-overrides.txt --no-emit-index-url --annotation-style line \
	--custom-compile-command "make lock"

# Where it is set, each of the hundreds of processes that the tests start would compile all of Recast anew.
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := help
.PHONY: help run demo test check bench screenshots lint format lock cuda clean preflight

help:  ## what there is to make
	@grep -E '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

run: $(VENV)/.app  ## the studio in your browser; options: make run ARGS="--port 8000"
	$(BIN)/python app.py $(ARGS)

demo: $(VENV)/.app  ## recast a picture and a short clip of public-domain portraits, without a browser
	$(BIN)/python -m studio.demo

test: $(VENV)/.test  ## the tests that CI runs
	$(BIN)/python -m pytest -m "not slow" --numprocesses $(WORKERS) --dist worksteal $(ARGS)

check: $(VENV)/.test lint  ## every test and every linter
	$(BIN)/python -m pytest $(ARGS)

bench: $(VENV)/.test  ## speed beside the codecs alone and beside the usual way; writes benchmarks/results
	$(BIN)/python -m benchmarks.bench $(ARGS)

screenshots: $(VENV)/.test  ## every state of the page as a picture, in results/screenshots
	$(BIN)/python -m tests.studio.screenshots $(ARGS)

lint: $(VENV)/.test  ## ruff and mypy
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy pipeline studio app.py
	$(BIN)/python -m deploy.space --check

format: $(VENV)/.test  ## ruff, writing
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

cuda: $(VENV)/.app  ## add the CUDA libraries for an NVIDIA GPU (about 2 GB)
	$(BIN)/python -m pip install --no-deps -r requirements-cuda.txt

lock: $(VENV)/.test  ## write requirements*.txt anew from requirements*.in
	$(BIN)/python -m pip install --quiet uv
	$(LOCK) requirements.in -o requirements.txt
	$(LOCK) requirements-test.in -o requirements-test.txt
	$(LOCK) requirements-cuda.in -o requirements-cuda.txt

clean:  ## remove everything that can be made again
	rm -rf $(VENV) results .cache .pytest_cache .mypy_cache .ruff_cache
	find . -name __pycache__ -prune -exec rm -rf {} +

preflight:
	@$(PYTHON) deploy/preflight.py

# --no-deps: the list is the whole closure, and leaves out the wheels that would overwrite others (see
# requirements-overrides.txt).
$(VENV)/.app: requirements.txt | preflight
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --no-deps -r requirements.txt
	@touch $@

$(VENV)/.test: requirements-test.txt $(VENV)/.app
	$(BIN)/python -m pip install --quiet --no-deps -r requirements-test.txt
	@touch $@
