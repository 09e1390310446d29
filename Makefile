# make plan: set up, then plan the bundled agencies. make test: set up, then the whole suite.
PYTHON ?= python3

.PHONY: plan test lint bench clean

plan: .venv/plan.stamp
	.venv/bin/sro-coverage plan data/dinuba.toml data/chula_vista.toml

test: .venv/test.stamp
	.venv/bin/python -m pytest

lint: .venv/test.stamp
	.venv/bin/ruff check .
	.venv/bin/ruff format --check .
	.venv/bin/mypy

bench: .venv/test.stamp
	.venv/bin/python benchmarks/plan_command.py
	.venv/bin/python benchmarks/questions.py

clean:
	rm -rf .venv

.venv/bin/python:
	$(PYTHON) -c 'import sys; sys.exit("Python 3.11 or newer is needed, found " + sys.version.split()[0] + "; try: make PYTHON=python3.11 ..." if sys.version_info < (3, 11) else 0)'
	$(PYTHON) -m venv .venv

.venv/plan.stamp: .venv/bin/python pyproject.toml constraints.txt
	.venv/bin/python -m pip install --quiet -c constraints.txt -e .
	touch $@

.venv/test.stamp: .venv/plan.stamp
	.venv/bin/python -m pip install --quiet -c constraints.txt -e '.[test,dev]'
	touch $@
