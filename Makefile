# The front door. It needs make, pip and Python 3.11 or later; `make run` is all that a visitor types.
#   PORT (8000), HOST (127.0.0.1), DATA_DIR (./var)   where the site listens and keeps its data
#   PYTHON                                            the interpreter that .venv is made with
#   TORCH_BUILD=gpu                                   skip the CPU-only build of torch
#   PIP_EXTRA_INDEX_URL                               where pip finds the CPU-only build of torch
SHELL := /bin/sh
.DEFAULT_GOAL := help
.PHONY: help run production test test-fast lint bench screenshots
.DELETE_ON_ERROR:

VENV := .venv
PY := $(VENV)/bin/python
# The pins' checksum names the stamp, so another pin means another install and nothing else does.
PINS := $(shell cat pyproject.toml Makefile | cksum | tr ' ' '-')
RUN_STAMP := $(VENV)/.site-$(PINS)
PRODUCTION_STAMP := $(VENV)/.production-$(PINS)
DEV_STAMP := $(VENV)/.tests-$(PINS)
PIP := $(PY) -m pip --disable-pip-version-check
# Seconds between two lines about a pip that is at work.
BEAT := 10
FETCHED := $(abspath $(VENV))/fetched
# `watched COMMAND… 3>&2`: pip's own words and bar go to 3, its errors to 2. Without a terminal pip is
# silent while it fetches and unpacks, on one while it unpacks: then a line every BEAT seconds says
# how far it is. The lines end with this shell, however that ends.
WATCHED := watched() { \
	rm -rf "$(FETCHED)"; mkdir -p "$(FETCHED)"; \
	( seconds=0; before=; \
	while sleep $(BEAT) >/dev/null 2>&1 3>&- && kill -0 $$$$ 2>/dev/null; do \
		seconds=$$((seconds + $(BEAT))); \
		size=$$(du -sck "$(FETCHED)"/pip-* 2>/dev/null | tail -n 1 | cut -f 1); \
		if [ ! -t 3 ] || [ "$$size" = "$$before" ]; then \
			echo "pip is at work: $$seconds s, $$((size / 1024)) MB fetched" >&3; \
		fi; \
		before=$$size; \
	done ) & beat=$$!; \
	status=0; TMPDIR="$(FETCHED)" "$$@" >&3 || status=$$?; \
	kill $$beat 2>/dev/null || true; wait $$beat 2>/dev/null || true; \
	rm -rf "$(FETCHED)"; return $$status; \
}
# Reads one list out of pyproject.toml: pip learnt dependency groups later than Python 3.11 did.
LIST := import sys, tomllib; d = tomllib.load(open("pyproject.toml", "rb")); \
	print(*d["project"]["dependencies"], *(p for g in sys.argv[1:] for p in d["dependency-groups"][g]), sep="\n")
TORCH := $(shell sed -n 's/^torch = "\(.*\)"/\1/p' pyproject.toml)

help:
	@echo "make run          set up what is missing and start the site (PORT, HOST, DATA_DIR)"
	@echo "make production   install what a site on PostgreSQL and Redis needs (docs/deploy.md)"
	@echo "make test         install what the tests need and run all of them"
	@echo "make test-fast    the quick ones, without servers and browser: while you write"
	@echo "make lint         style, types, import rules, Django's own checks"
	@echo "make bench        the engine's ratios, one a line"
	@echo "make screenshots  README's pictures, and in work/pictures one of every page"

run: $(RUN_STAMP)
	@exec $(PY) manage.py up

$(VENV)/.made:
	@set -e; \
	python=""; \
	for candidate in $(PYTHON) python3 python3.13 python3.12 python3.11 python; do \
		if $$candidate -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then \
			python=$$candidate; break; \
		fi; \
	done; \
	if [ -z "$$python" ]; then \
		echo "Gatescope needs Python 3.11 or later. Install it, or name it: make run PYTHON=/path/to/python3" >&2; \
		exit 1; \
	fi; \
	if ! $$python -c 'import ensurepip' 2>/dev/null; then \
		version=$$($$python -c 'import sys; print("%d.%d" % sys.version_info[:2])'); \
		echo "This Python can't make a virtual environment. On Debian or Ubuntu: sudo apt install python$$version-venv" >&2; \
		exit 1; \
	fi; \
	if ! $(PIP) --version >/dev/null 2>&1; then \
		echo "Making $(VENV) with $$($$python --version)" >&2; \
		$$python -m venv --clear $(VENV) >&2; \
	fi; \
	touch $@

# torch comes first and alone: its CPU-only build lies in an index of its own on some platforms, and
# the standard build for Linux brings CUDA along, which nobody should fetch unasked and unwarned.
$(VENV)/.torch-$(TORCH): $(VENV)/.made
	@set -e; \
	if $(PY) -c 'import importlib.metadata as m, sys; sys.exit(m.version("torch").split("+")[0] != "$(TORCH)")' 2>/dev/null; then \
		touch $@; exit 0; \
	fi; \
	$(WATCHED); \
	echo "Installing torch $(TORCH), the CPU-only build (about 200 MB to fetch)" >&2; \
	if [ "$(TORCH_BUILD)" != gpu ] && watched $(PIP) install "torch==$(TORCH)+cpu" 3>&2 2>$(VENV)/torch.log; then \
		touch $@; exit 0; \
	fi; \
	echo "pip knows no CPU-only build of torch here, so the standard one is next: on Linux with an x86 processor" >&2; \
	echo "about 3 GB to fetch and 8 GB on disk, for its CUDA libraries; about 100 MB on a Mac." >&2; \
	echo "To have the small one instead, stop now (Ctrl-C) and set PIP_EXTRA_INDEX_URL as README.md says." >&2; \
	watched $(PIP) install "torch==$(TORCH)" 3>&2; \
	touch $@

$(RUN_STAMP): $(VENV)/.torch-$(TORCH)
	@set -e; \
	echo "Installing the site's dependencies" >&2; \
	$(WATCHED); \
	$(PY) -c '$(LIST)' >$(VENV)/site.txt; \
	watched $(PIP) install "torch==$(TORCH)" -r $(VENV)/site.txt 3>&2; \
	rm -f $(VENV)/.site-*; touch $@

production: $(PRODUCTION_STAMP)

$(PRODUCTION_STAMP): $(VENV)/.torch-$(TORCH)
	@set -e; \
	echo "Installing what a site on PostgreSQL and Redis needs" >&2; \
	$(WATCHED); \
	$(PY) -c '$(LIST)' production >$(VENV)/production.txt; \
	watched $(PIP) install "torch==$(TORCH)" -r $(VENV)/production.txt 3>&2; \
	rm -f $(VENV)/.production-* $(VENV)/.site-*; touch $@ $(RUN_STAMP)

$(DEV_STAMP): $(VENV)/.torch-$(TORCH)
	@set -e; \
	echo "Installing what the tests and checks need" >&2; \
	$(WATCHED); \
	$(PY) -c '$(LIST)' production dev >$(VENV)/tests.txt; \
	watched $(PIP) install "torch==$(TORCH)" -r $(VENV)/tests.txt 3>&2; \
	rm -f $(VENV)/.tests-* $(VENV)/.site-*; touch $@ $(RUN_STAMP)

# The browser's tests have processes of their own: Playwright leaves an event loop running in the
# main thread, and every asyncio test after it would fail. They run after the others, each part two
# at a time (many wait: for a page, a server, a process): four processes on two cores would make
# what waits for a page run late. Both parts run, whatever the first one says; a part chosen by ARGS
# may have no test in one of them (pytest's status 5). One thread each: pools of threads on shared
# cores only fight. A test that fails runs once more, since a race in a test must not fail all of
# it; the summary names each that passed only then, and that test has a fault to be mended.
test: $(DEV_STAMP)
	@data=$$(mktemp -d) || exit 1; \
	trap 'rm -rf "$$data"' EXIT; \
	trap 'exit 130' INT; trap 'exit 143' TERM; \
	export PYTHONDONTWRITEBYTECODE=1 OMP_NUM_THREADS=1; \
	worst=0; \
	part() { \
		status=0; DATA_DIR="$$data/$$1" $(PY) -m pytest -p no:cacheprovider -n 2 --dist worksteal --reruns 1 -rR $$2 $(ARGS) || status=$$?; \
		if [ $$status -ne 0 ] && [ $$status -ne $(if $(ARGS),5,0) ]; then worst=$$status; fi; \
	}; \
	part rest "-p no:playwright --ignore=tests/browser"; \
	echo "In the browser:"; \
	part browser tests/browser; \
	exit $$worst

# Two processes: nothing in these tests shares a port or a folder.
test-fast: $(DEV_STAMP)
	@data=$$(mktemp -d) && trap 'rm -rf "$$data"' EXIT && \
	PYTHONDONTWRITEBYTECODE=1 OMP_NUM_THREADS=1 DATA_DIR="$$data" $(PY) -m pytest -q -p no:cacheprovider -p no:playwright \
		-n 2 --dist worksteal -m "not slow and not kills and not services" --ignore=tests/browser $(ARGS)

lint: $(DEV_STAMP)
	$(PY) -m ruff check .
	$(PY) -m ruff format --check .
	$(PY) -m mypy
	$(VENV)/bin/lint-imports --no-cache
	@data=$$(mktemp -d) && trap 'rm -rf "$$data"' EXIT && export DATA_DIR="$$data" && \
	$(PY) manage.py check --fail-level WARNING && \
	$(PY) manage.py migrate --verbosity 0 && \
	$(PY) manage.py makemigrations --check --dry-run
	@if [ -x $(VENV)/bin/hadolint ]; then $(VENV)/bin/hadolint Dockerfile && echo "Dockerfile: no fault"; \
	else echo "hadolint has no build for this system; the Dockerfile was not checked" >&2; fi

bench: $(DEV_STAMP)
	@$(PY) -m benchmarks.speed

screenshots: $(DEV_STAMP)
	@$(PY) -m tests.browser.screenshots
