# The targets of the project; `make help` lists them. Everything runs in .venv, which the targets set up when needed.
SHELL := /bin/bash
.DEFAULT_GOAL := help
.PHONY: help nightly test long-test tensorrt-test gpu-bundle check kill-test desk-day year happenings damage encodings mutation airflow shops bench setup lock settings museum clean

BIN := .venv/bin

help: ## list these targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /  make \1\t/' | expand -t 20

nightly: setup ## draw two sample shops, serve them on loopback, and run a night over them
	@infra/nightly.sh

test: check ## run the checks and all tests, in two processes
	@$(BIN)/pytest --numprocesses 2 --dist loadfile --no-loadscope-reorder

long-test: setup ## run the tests that `make test` leaves out: whole nights that say little more than others do
	@$(BIN)/pytest -m long

tensorrt-test: setup ## build TensorRT engines of the released networks without a GPU, in an environment of their own (400 MB)
	@test -d var/tensorrt || python3 -m venv var/tensorrt
	@var/tensorrt/bin/pip install --quiet numpy onnx tensorrt-rtx
	@SELVEDGE_TEST_TENSORRT_PYTHON=var/tensorrt/bin/python $(BIN)/pytest -rs tests/udfs/runtime/test_tensorrt_session.py

gpu-bundle: setup ## pack what infra/gpu_check.sh needs on a machine with a GPU: var/gpu-check.tar, with photos from beside the project
	@$(BIN)/python -m infra.gpu_bundle

check: setup ## run ruff, mypy and the import rules, but no tests
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports

kill-test: setup ## kill a small night, a publish, a vacuum and a repair at 20 random moments each, and run them again
	@SELVEDGE_TEST_KILLS=20 $(BIN)/pytest -m kill

desk-day: setup ## map six drawn shops of 400 categories in a real Chromium by keys alone (a minute); writes docs/desk-day.svg
	@nice $(BIN)/python -m tests.desk.day --seeds $${SEEDS:-3}

happenings: setup ## let 200 things happen between nights, and compare what stages ask and explain says with asking everything (SEEDS="1 2")
	@SELVEDGE_TEST_NIGHTS="$${SEEDS:-1 2 3 4 5}" SELVEDGE_TEST_ROUNDS=40 $(BIN)/pytest -q tests/jobs/live/test_touched.py tests/jobs/answers/test_explain.py

year: setup ## simulate a year of small nights, each with its vacuum (an hour; EVERY=10: a tenth of them); writes var/year
	@nice $(BIN)/python -m tests.year.campaign --days $${DAYS:-365} --every $${EVERY:-1}

encodings: setup ## read feeds of forty languages in their encodings (ten minutes; SEED=2: others); writes docs/encodings.md
	@nice $(BIN)/python -m tests.encodings.campaign --seed $${SEED:-1} --write

mutation: setup ## change the code in small ways and list the changes that no test notices (hours; SEED=2: other changes)
	@nice $(BIN)/python -m tests.mutation.campaign --seed $${SEED:-1} $(ONLY)

airflow: setup ## run Airflow on loopback with the nightly DAG, until Ctrl-C
	@$(BIN)/python -m infra.airflow_here

shops: setup ## draw the two sample shops and serve them on loopback, until Ctrl-C
	@infra/shops.sh

bench: setup ## run the benchmarks of the README
	@for each in benchmarks/[a-z]*.py; do $(BIN)/python -m benchmarks.$$(basename $$each .py) || exit; done

setup: ## install .venv from requirements.lock, unless it is up to date
	@infra/setup.sh

lock: setup ## rebuild requirements.lock from requirements*.txt
	@infra/lock.sh

settings: setup ## rewrite the table of settings in docs/operations.md
	@$(BIN)/python -m infra.settings_table

damage: setup ## damage one file of a small lake, once per seed (SEEDS=200), mend it, and compare the next night
	@nice $(BIN)/python -m tests.fuzz.damage --seeds $${SEEDS:-200}

museum: setup ## rewrite docs/museum.md, the collection of bad feeds and pictures
	@$(BIN)/python -m tests.museum.exhibits

clean: ## delete caches and build files; keeps var/, where the lake is
	@rm -rf .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache spark-warehouse build
