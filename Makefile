PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
READY := $(VENV)/.installed

.PHONY: demo test test-slow faults check format wheel boards bench

$(READY): pyproject.toml ## a private environment with everything the project needs
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --editable '.[dev]'
	touch $@

demo: $(READY) ## measure eight learners offline, print the boards, write them into demo/: under a minute on two cores
	$(BIN)/bench sweep docs/demo.yaml --runs demo/results
	$(BIN)/bench leaderboard --runs demo/results
	$(BIN)/bench leaderboard --write demo

test: $(READY) ## the tests of minutes, on all cores up to four; none depends on having the machine alone
	$(BIN)/python -m pytest --numprocesses logical --maxprocesses 4 --dist worksteal

test-slow: $(READY) ## coverage simulations, compiled strategies, start-up times, whole pages of the documents as typed
	$(BIN)/python -m pytest -m slow

faults: $(READY) ## inject every fault (kills, full disks, damage, clocks ...) and write what became of the runs
	$(BIN)/python -m tests.faults --times 10 --write docs/reliability.md

check: $(READY) ## format, lint, strict types, import contract, boards against their records
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/bench leaderboard --check leaderboards

format: $(READY)
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

wheel: $(READY) ## build the wheel, install it for each Python that is here, and use it: minutes, and the network
	$(BIN)/python -m tests.wheel

boards: $(READY) ## regenerate leaderboards/ from its records
	$(BIN)/bench leaderboard --write leaderboards

bench: $(READY) ## time bench against plain code, its own parts, and what other libraries are installed: minutes, on a quiet machine
	$(BIN)/python -m tests.perf
	$(BIN)/python -m tests.perf.peers
