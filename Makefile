# Everything lives in .venv/ and .platform/; delete both to start afresh.
PYTHON ?= python3
BIN := .venv/bin
DEV := dev,aws,beginner,dashboard,oss,plus,quality,snowflake,spark
UV := uv==0.13.9

.DEFAULT_GOAL := help
.PHONY: beginner site deploy deploy-local glue help demo dashboard dev test soak format docs lock lambda pictures clean \
	bench-load bench-extract bench-curate bench-cost bench-dashboard bench-marts bench-sensor

help:  ## list the commands
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## /\t/' | expand -t 16

demo: .venv/run  ## set everything up and run the main job on invented data
	@$(BIN)/spotify-platform demo

dashboard: .venv/run  ## serve the dashboard at http://localhost:8501
	$(BIN)/spotify-platform dashboard

dev: .venv/run  ## start the Dagster UI at http://localhost:3000
	$(BIN)/dagster dev

beginner: .venv/beginner  ## the same job in four plain scripts with pandas and CSV files, examples/beginner
	@$(BIN)/python examples/beginner/offline.py .platform/beginner

test: .venv/dev  ## set everything up and pass all tests
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/mypy deploy/aws/lambda_capture/handler.py deploy/aws/lambda_capture/build.py
	$(BIN)/mypy glue/curate.py glue/build.py
	$(BIN)/mypy deploy/aws/deploy.py deploy/aws/stacks.py
	$(BIN)/mypy deploy/powerbi/publish.py
	$(BIN)/mypy deploy/airflow/dags/dagster_runs.py
	MYPYPATH=examples/beginner $(BIN)/mypy --allow-any-generics examples/beginner/*.py
	MYPYPATH=docs $(BIN)/mypy docs/cost.py docs/reference.py docs/rooms.py docs/site_hooks.py docs/stale.py
	MYPYPATH=dashboard $(BIN)/mypy dashboard/app.py dashboard/views/*.py
	$(BIN)/pytest -m "not soak" -n 3 --dist loadscope --no-loadscope-reorder

deploy-local: .venv/dev  ## the deployment on this machine: the same template at MiniStack, from the schedule to an answer
	$(BIN)/pytest -m soak -q -s spotify_platform_tests/deploy/test_deploy_local.py

soak: .venv/dev .venv/airflow/made  ## the long suites
	$(BIN)/pytest -m soak

format: .venv/dev  ## format the code
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

docs: .venv/dev  ## make what is made from the code: reference, costs, dictionary, lineage, deploy/snowflake, questions, Power BI
	$(BIN)/python docs/reference.py docs/reference
	$(BIN)/python docs/rooms.py docs/pictures/rooms.svg
	$(BIN)/python docs/cost.py docs/cost.md
	$(BIN)/python -m spotify_platform.contracts.dictionary > docs/data-dictionary.md
	$(BIN)/python -m spotify_platform.marts.lineage > spotify_platform/marts/lineage.json
	$(BIN)/python -m spotify_platform.load.snowflake.ddl deploy/snowflake
	$(BIN)/python docs/questions.py docs
	$(BIN)/spotify-platform powerbi build
	$(BIN)/python docs/powerbi.py docs

bench-load: .venv/run  ## how long the definitions take to load, against a bare Dagster project
	$(BIN)/python benchmarks/load.py

bench-extract: .venv/run  ## what a capture costs: rate, requests, memory (ten minutes)
	$(BIN)/python benchmarks/extract.py

bench-curate: .venv/dev  ## what curation costs: against hand-written SQL, pandas and Spark, memory, a year (40 minutes)
	$(BIN)/pip install --quiet --disable-pip-version-check -c requirements.lock -e '.[bench]'
	$(BIN)/python benchmarks/curate/bench.py

bench-cost: .venv/dev  ## what the levers of cost are worth: engines, Glue's workers and FLEX, file sizes
	$(BIN)/python benchmarks/cost.py

bench-marts: .venv/run  ## what the marts cost: anew, a late day, against the query one would write first
	$(BIN)/python benchmarks/marts/bench.py

bench-dashboard: .venv/dev  ## how long a page and a filter take, on the demo and on 10 million rows
	$(BIN)/python benchmarks/dashboard.py

bench-sensor: .venv/dev  ## what a tick of the sensor costs, with a thousand captures and with a million
	$(BIN)/python benchmarks/sensor.py

site: .venv/dev  ## build the documentation as a site, site/index.html; a broken link is an error
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build

pictures: .venv/dev  ## make the pictures of dashboard, report and Dagster's UI (needs chromium)
	$(BIN)/python docs/graph.py docs/graph.png
	$(BIN)/python docs/tour_pictures.py docs/pictures
	$(BIN)/python docs/pictures.py docs/pictures

lock: .venv/dev  ## lock the versions anew
	$(BIN)/pip install --quiet $(UV)
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --all-extras --upgrade \
		--custom-compile-command "make lock" pyproject.toml -o requirements.lock
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --upgrade \
		--custom-compile-command "make lock" deploy/airflow/requirements.txt -o deploy/airflow/requirements.lock

glue: .venv/run  ## build the AWS Glue job's files, build/glue
	$(BIN)/python glue/build.py

lambda: .venv/run  ## build the AWS Lambda function's package, build/lambda_capture.zip
	$(BIN)/python deploy/aws/lambda_capture/build.py

deploy: .venv/run  ## deploy the platform to AWS, and say what comes next; ARGS=--plan only shows what would change
	@$(BIN)/pip install --quiet --disable-pip-version-check -c requirements.lock -e '.[aws]'
	@$(BIN)/python deploy/aws/deploy.py $(ARGS)

clean:  ## remove the environment and all state
	rm -rf .venv .platform build *.egg-info .*_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# uv installs in a quarter of the time; where it does not reach its index, pip does it.
define install
	test -x $(BIN)/python || $(PYTHON) -m venv .venv
	($(BIN)/pip install --quiet --disable-pip-version-check $(UV) \
		&& $(BIN)/uv pip install --quiet --python $(BIN)/python -c requirements.lock -e '.[$(1)]') \
		|| $(BIN)/pip install --quiet --disable-pip-version-check -c requirements.lock -e '.[$(1)]'
endef

# A stamp each, so that a second run installs nothing. `run` is what a user needs, `dev` adds the tests' tools.
.venv/run: pyproject.toml requirements.lock
	@$(call install,dashboard)
	@touch $@

# Airflow pins other versions of the same libraries, so what the tests run the DAGs with has a place of its own.
.venv/airflow/made: deploy/airflow/requirements.lock
	@$(PYTHON) -m venv .venv/airflow
	@.venv/airflow/bin/pip install --quiet --disable-pip-version-check -r deploy/airflow/requirements.lock
	@touch $@

.venv/beginner: pyproject.toml requirements.lock
	@$(call install,beginner)
	@touch $@

.venv/dev: pyproject.toml requirements.lock
	@$(call install,$(DEV))
	@touch .venv/run .venv/beginner $@
