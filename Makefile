# The few verbs of the project; `make help` lists them. Everything runs in .venv, which any of them sets up.
SHELL := /bin/bash
.DEFAULT_GOAL := help
.PHONY: help nightly test check kill-test mutation airflow shops bench setup lock settings museum clean

BIN := .venv/bin

help: ## list these verbs
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /  make \1\t/' | expand -t 20

nightly: setup ## two sample shops, served on loopback, and a night over them
	@infra/nightly.sh

test: check ## the checks and all tests, in two processes: they wait as long as they compute
	@$(BIN)/pytest --numprocesses 2 --dist loadfile --no-loadscope-reorder

check: setup ## ruff, mypy and the import rule, without tests
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports

kill-test: setup ## a small night killed at 20 random moments, and run again
	@SELVEDGE_TEST_KILLS=20 $(BIN)/pytest -m kill

mutation: setup ## small changes of the code, each tried by its tests: the survivors, by module (hours; SEED=2 draws others)
	@nice $(BIN)/python -m tests.mutation.campaign --seed $${SEED:-1} $(ONLY)

airflow: setup ## Airflow on loopback with the nightly DAG; Ctrl-C ends it
	@$(BIN)/python -m infra.airflow_here

shops: setup ## draw the two sample shops and serve them until Ctrl-C
	@infra/shops.sh

bench: setup ## the benchmarks of the README
	@for each in benchmarks/[a-z]*.py; do $(BIN)/python -m benchmarks.$$(basename $$each .py) || exit; done

setup: ## .venv from requirements.lock; nothing to do where it stands
	@infra/setup.sh

lock: setup ## requirements.lock anew from requirements*.txt
	@infra/lock.sh

settings: setup ## the table of settings in docs/operations.md anew
	@$(BIN)/python -m infra.settings_table

museum: setup ## the page of bad shops, docs/museum.md, anew
	@$(BIN)/python -m tests.museum.exhibits

clean: ## delete caches and build leftovers; never var/, where the lake is
	@rm -rf .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache spark-warehouse build
