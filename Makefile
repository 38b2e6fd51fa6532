# `make help` lists the targets. Every one does its own set-up.
.DEFAULT_GOAL := help
SHELL := /bin/bash
BIN := .venv/bin
STAY ?= 1
ARGS ?=
ONLY ?=
MINUTES ?= 10
SEED ?=

help: ## this list
	@sed -n 's/^\([a-z-]*\):.*## /\1\t/p' $(MAKEFILE_LIST) | while IFS=$$'\t' read -r name text; do printf '  make %-10s %s\n' "$$name" "$$text"; done

setup: ## install what is missing: system packages, Python packages, Java servers
	@infra/local/setup.sh

demo: setup ## load a year's history, train, replay days over HTTP, prove it; leaves the stack up (STAY=0 stops it)
	@$(BIN)/agora demo $(if $(filter 0,$(STAY)),--no-stay,)

test: ## run all tests on real servers of their own (ARGS="tests/api -k cart" for some)
	@infra/local/setup.sh browser
	@trap '$(BIN)/python -m tests.stack' EXIT; trap 'exit 130' INT TERM; $(BIN)/pytest -n 2 --dist loadfile $(ARGS)

nightly: ## long random walks through carts, stock, payments, refunds and disputes
	@infra/local/setup.sh
	@trap '$(BIN)/python -m tests.stack' EXIT; $(BIN)/pytest --hypothesis-profile=nightly tests/api/payments/test_machine.py tests/api/ordering/test_machine.py

chaos: setup ## a stack of its own under load, everything killed, frozen, filled, then proved (MINUTES=1 SEED=7)
	@$(BIN)/python -m tests.chaos --minutes $(MINUTES) $(if $(SEED),--seed $(SEED),)

check: setup ## lint, types, import contracts, event contracts, SQL style
	@$(MAKE) --no-print-directory -j2 --output-sync=target types rules

types:
	$(BIN)/mypy

rules:
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/lint-imports
	$(BIN)/agora contracts check
	$(BIN)/python -m pipelines.lib.prepare
	cd dbt && ../$(BIN)/sqlfluff lint --disable-progress-bar models

bench: setup ## measure, into var/bench/*.json (ONLY=lander for one area, ARGS="--minutes 30" for more of it)
	@trap '$(BIN)/python -m tests.stack' EXIT; trap 'exit 130' INT TERM; $(BIN)/python -m tests.bench $(if $(ONLY),--only $(ONLY),) $(ARGS)

up: setup ## start the local stack
	@$(BIN)/agora up

down: ## stop the local stack; its data stay
	@$(BIN)/agora down

status: ## show each part of the stack
	@$(BIN)/agora status

format: setup ## bring the code into shape
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

lock: setup ## resolve the dependencies anew
	$(BIN)/uv pip compile pyproject.toml --group dev --generate-hashes --no-emit-index-url --no-header --python-version 3.11 --quiet -o requirements.lock

reset: down ## throw away the data of the local stack
	@rm -rf var/local var/demo

.PHONY: help setup demo test nightly chaos check types rules bench up down status format lock reset
