# Every command of the course. `make` alone lists them.
# Another Python 3.11-3.13 may be named: make lab PYTHON=python3.12
ifneq ($(origin PYTHON),command line)
override PYTHON = $(shell for p in "$$PYTHON" python3.11 python3.12 python3.13 python3; do \
	"$$p" -E course_utils/bootstrap.py >/dev/null 2>&1 && echo "'$$p'" && exit; done; echo python3)
endif
override RUN := .venv/bin/python -m course_utils
CHAPTER ?=
LAB_OPTIONS ?=

# What other programs left in the environment for Python, pytest and Jupyter does not reach the course.
# course_utils/machine.py has the same list, for commands without make.
OUTSIDE := $(filter PYTHON% __PYVENV% PYTEST_% IPYTHON% JUPYTER% JPY_% RUFF_%,$(.VARIABLES))
unexport $(filter-out PYTHONIOENCODING PYTHONUTF8 PYTHONUNBUFFERED PYTHONDONTWRITEBYTECODE PYTHONPYCACHEPREFIX,$(OUTSIDE))
export JUPYTER_NO_CONFIG := 1
export JUPYTER_PREFER_ENV_PATH := 1

# $(call writable,FOLDER): one line instead of a traceback where nothing can be written.
writable = @mkdir -p $(1) 2>/dev/null && [ -w $(1) ] || \
	{ echo "$(1)/ cannot be written here: copy the course into a folder of your own." >&2; exit 1; }

.PHONY: help lab test quick check run progress notebooks lint mutate data-check pages site pdf colab slides wheels pins

help:  ## list the commands
	@LC_ALL=C grep -E '^[a-z-]+:.*##' Makefile | sed -E 's/:.*## /: /' | LC_ALL=C sort

.venv/ready: requirements.txt pyproject.toml
	@$(PYTHON) -E -c "" 2>/dev/null || \
	  { echo "No Python 3.11, 3.12 or 3.13 answers: install one, or name it: make lab PYTHON=python3.12" >&2; exit 1; }
	@$(PYTHON) -E course_utils/bootstrap.py
	@echo "Preparing the environment (once; a few minutes) ..."
	@$(PYTHON) -m venv .venv
	@.venv/bin/python course_utils/bootstrap.py install
	@touch .venv/ready

lab: .venv/ready  ## open the course in JupyterLab: make lab CHAPTER=3.1.1
	@exec $(RUN) lab $(CHAPTER) $(LAB_OPTIONS)

test: .venv/ready  ## prove that all of it works
	$(call writable,reports)
	@.venv/bin/python -m pytest

quick: .venv/ready  ## unit and structure tests only
	$(call writable,reports)
	@.venv/bin/python -m pytest tests -m "not slow"

check: .venv/ready  ## all tests of one chapter: make check CHAPTER=3.1.1
	@$(RUN) check $(CHAPTER)

run: .venv/ready  ## run every chapter and show seconds and memory: make run CHAPTER=3.1.1
	@$(RUN) run $(CHAPTER)

progress: .venv/ready  ## which exercises you have solved
	@$(RUN) progress

notebooks: .venv/ready  ## run the chapters and solutions and store their outputs (for authors)
	@$(RUN) run --save --solutions $(CHAPTER)

lint: .venv/ready  ## style of the code
	@.venv/bin/python -m ruff check --no-cache . && .venv/bin/python -m ruff format --no-cache --check .

mutate: .venv/ready  ## break a chapter on purpose and see its claims fail: make mutate CHAPTER=3.1.1
	@.venv/bin/python tests/mutate.py $(CHAPTER)

data-check: .venv/ready  ## rebuild the embedded data and compare: make data-check FILE=brca1
	@.venv/bin/python -m data.recipes --check $(FILE)

pages: .venv/ready  ## join the glossary, the guide, the class kit and the results of the benchmarks
	@.venv/bin/python docs/join.py && .venv/bin/python benchmarks/report.py

site: .venv/ready  ## build the web pages in docs/_build/html
	$(call writable,docs/_build/html)
	@.venv/bin/python -m sphinx -W -q -b html docs docs/_build/html

pdf: site  ## print the chapters to docs/_build/pdf (needs Chromium): make pdf CHAPTER=3.1.1
	$(call writable,docs/_build/pdf)
	@.venv/bin/python docs/pdf.py $(CHAPTER)

colab: .venv/ready  ## write the notebooks for Google Colab to docs/_build/colab
	$(call writable,docs/_build/colab)
	@.venv/bin/python docs/extensions/colab.py

slides: .venv/ready  ## build the slides in docs/_build/slides
	$(call writable,docs/_build/slides)
	@.venv/bin/python -m nbconvert --log-level=WARN --config docs/slides_template/config.py notebooks/*.ipynb

wheels: .venv/ready  ## fill the folder wheels/ with every package, for a room without a network
	@.venv/bin/python course_utils/bootstrap.py wheels

pins: .venv/ready  ## resolve requirements.txt anew from pyproject.toml (needs uv)
	@uv pip compile pyproject.toml --universal --python-version 3.11 --fork-strategy fewest --no-annotate --quiet \
	  --custom-compile-command "make pins" --output-file requirements.txt && echo "-e ." >> requirements.txt
