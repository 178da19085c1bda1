# Every command of the course. `make` alone lists them.
# PYTHON may be set to another Python 3.11-3.13: make lab PYTHON=python3.12
PYTHON ?= $(shell for p in python3.11 python3.12 python3.13 python3; do \
	$$p course_utils/bootstrap.py >/dev/null 2>&1 && echo $$p && exit; done; echo python3)
RUN := .venv/bin/python -m course_utils

.PHONY: help lab test quick check run notebooks lint mutate data-check pages site slides pins

help:  ## list the commands
	@grep -E '^[a-z-]+:.*##' Makefile | sed -E 's/:.*## /: /' | sort

.venv/ready: requirements.txt pyproject.toml
	@$(PYTHON) course_utils/bootstrap.py
	@echo "Preparing the environment (once; a few minutes) ..."
	@$(PYTHON) -m venv .venv
	@.venv/bin/python -m pip install --quiet --disable-pip-version-check --requirement requirements.txt
	@touch .venv/ready

lab: .venv/ready  ## open the course in JupyterLab
	@$(RUN) lab $(LAB_OPTIONS)

test: .venv/ready  ## prove that all of it works
	@.venv/bin/python -m pytest

quick: .venv/ready  ## unit and structure tests only
	@.venv/bin/python -m pytest tests -m "not slow"

check: .venv/ready  ## all tests of one chapter: make check CHAPTER=3.1.1
	@$(RUN) check $(CHAPTER)

run: .venv/ready  ## run every chapter and show seconds and memory: make run CHAPTER=3.1.1
	@$(RUN) run $(CHAPTER)

notebooks: .venv/ready  ## run the chapters and solutions and store their outputs (for authors)
	@$(RUN) run --save --solutions $(CHAPTER)

lint: .venv/ready  ## style of the code
	@.venv/bin/python -m ruff check . && .venv/bin/python -m ruff format --check .

mutate: .venv/ready  ## break a chapter on purpose and see its claims fail: make mutate CHAPTER=3.1.1
	@.venv/bin/python tests/mutate.py $(CHAPTER)

data-check: .venv/ready  ## rebuild the embedded data and compare: make data-check FILE=brca1
	@.venv/bin/python -m data.recipes --check $(FILE)

pages: .venv/ready  ## join the glossary, the guide and the results of the benchmarks from their parts
	@.venv/bin/python docs/join.py && .venv/bin/python benchmarks/report.py

site: .venv/ready  ## build the web pages in docs/_build/html
	@.venv/bin/python -m sphinx -W -q -b html docs docs/_build/html

slides: .venv/ready  ## build the slides in docs/_build/slides
	@.venv/bin/python -m nbconvert --log-level=WARN --config docs/slides_template/config.py notebooks/*.ipynb

pins: .venv/ready  ## resolve requirements.txt anew from pyproject.toml (needs uv)
	@uv pip compile pyproject.toml --universal --python-version 3.11 --fork-strategy fewest --no-annotate --quiet \
	  --custom-compile-command "make pins" --output-file requirements.txt && echo "-e ." >> requirements.txt
