# Each target does its own set-up inside this folder; the second run is fast.
PYTHON ?= python3
BIN := .venv/bin
READY := .venv/.ready
# Many tests wait for a clock: half as many workers again as there are cores.
WORKERS ?= $(shell $(PYTHON) -c 'import os; print((os.cpu_count() or 2) * 3 // 2)')

.PHONY: help demo test suite serve lint types docs site links judges messages bundle bench lock clean

help:
	@echo "make demo   twelve pictures and a contact sheet in ./demo-output"
	@echo "make test   every check there is"
	@echo "make serve  the MCP server over stdio (what mcp.json starts)"
	@echo "make docs   write the generated tables again"
	@echo "make site   the documentation as a site, in ./dist/site"
	@echo "make links  ask every address the documentation links to (needs a network)"
	@echo "make judges  run every judge nobody here wrote, into docs/judges.md (about 6 minutes)"
	@echo "make messages  collect the messages into zh.po, to be translated there, and compile it"
	@echo "make bundle  the bundle for Claude Desktop, in ./dist"
	@echo "make bench  measure the start and the sandbox, into bench/README.md"
	@echo "make lock   resolve the dependencies again"
	@echo "make clean  remove what the targets made"

demo: $(READY)
	@$(BIN)/python bench/demo.py

test: lint
	@$(MAKE) --no-print-directory --jobs=2 types suite

suite: $(READY)
	@$(BIN)/python -m pytest --numprocesses=$(WORKERS)

serve: $(READY)
	@exec $(BIN)/seedream-hub

lint: $(READY)
	@$(BIN)/ruff check
	@$(BIN)/ruff format --check

types: $(READY)
	@$(BIN)/pyright

docs: $(READY)
	@$(BIN)/python -m bench.tables
	@$(BIN)/python -m bench.tools_page
	@$(BIN)/python bench/faults.py
	@$(BIN)/python -m bench.manifests
	@$(BIN)/python -m bench.context

site: $(READY)
	@$(BIN)/python -m bench.site

links: $(READY)
	@$(BIN)/python -m bench.site --links

judges: $(READY)
	@$(BIN)/python -m bench.judges

messages: $(READY)
	@$(BIN)/python -m bench.messages

bundle: $(READY)
	@$(BIN)/python -m bench.bundle

bench: $(READY)
	@$(BIN)/python bench/start.py
	@$(BIN)/python bench/picture.py

lock: $(READY)
	@$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
		--no-annotate --group dev pyproject.toml --output-file requirements.lock
	@$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
		--no-annotate --constraint requirements.lock pyproject.toml --output-file runtime.lock

clean:
	rm -rf .venv .judges demo-output dist .pytest_cache .ruff_cache .hypothesis

# Everything goes to stderr: stdout may be a protocol (make serve).
$(READY): requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit("Python 3.11 or newer is needed: make PYTHON=python3.12 ..." if sys.version_info < (3, 11) else 0)'
	@echo "Setting up .venv (once; about half a minute)" >&2
	@$(PYTHON) -m venv .venv >&2
	@$(BIN)/python -m pip install -qq --require-hashes -r requirements.lock >&2
	@$(BIN)/python -m pip install -qq --no-deps --no-build-isolation -e . >&2
	@touch $@
