# One command per task; CI, pre-commit and the README call these same targets.
PYTHON ?= python3
BIN := .venv/bin
STAMP := .venv/.installed

.PHONY: setup dev smoke test test-postgres check format bench lock clean

setup: $(STAMP)

$(STAMP): requirements/dev.txt pyproject.toml
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --require-hashes -r requirements/dev.txt
	$(BIN)/python -m pip install --quiet --no-deps --no-build-isolation -e .
	touch $(STAMP)

dev: setup
	$(BIN)/kapok dev $(ARGS)

smoke: setup
	$(BIN)/python scripts/smoke.py

# In two processes, each with servers of its own; in one where servers are given, or with WORKERS=0.
WORKERS ?= $(if $(DATABASE_URL)$(REDIS_URL),0,2)
# The load test's tenants: fewer than the 2,000 of `pytest tests/load`, more than fill the caches bounded by hundreds.
LOAD_TENANTS ?= 520
test: setup
	KAPOK_LOAD_TENANTS=$(LOAD_TENANTS) $(BIN)/python -m pytest -n $(WORKERS) --dist loadfile --no-loadscope-reorder $(ARGS)

test-postgres: setup
	$(BIN)/python scripts/test_postgres_versions.py $(ARGS)

check: setup
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache
	$(BIN)/python -W ignore::RuntimeWarning manage.py makemigrations --check --dry-run

format: setup
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

bench: setup
	$(BIN)/python -m bench $(ARGS)

lock:
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-emit-find-links \
	  --custom-compile-command "make lock" requirements/base.in -o requirements/base.txt
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-emit-find-links \
	  --custom-compile-command "make lock" requirements/dev.in -o requirements/dev.txt

clean:
	rm -rf .venv .kapok .mypy_cache .pytest_cache .ruff_cache node_modules
