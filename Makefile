PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
READY := $(VENV)/.installed

.PHONY: demo test test-slow faults check format boards

$(READY): pyproject.toml ## a private environment with everything the project needs
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --editable '.[dev]'
	touch $@

demo: $(READY) ## measure four learners offline, print the table, write a leaderboard into demo/
	$(BIN)/bench run --algo protonet,maml,nearest_centroid,chance --suite glyphs-5w1s --runs demo/results
	$(BIN)/bench run --algo maml,chance --suite sinusoid-10s --runs demo/results
	$(BIN)/bench leaderboard --runs demo/results
	$(BIN)/bench leaderboard --write demo

test: $(READY) ## the tests of minutes, on all cores up to four; none depends on having the machine alone
	$(BIN)/python -m pytest --numprocesses logical --maxprocesses 4 --dist worksteal

test-slow: $(READY) ## coverage simulations, compiled strategies, start-up times
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

boards: $(READY) ## regenerate leaderboards/ from its records
	$(BIN)/bench leaderboard --write leaderboards
