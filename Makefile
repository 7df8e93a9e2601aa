# The commands of Shoko. `make lab` and `make test` are the two that the README shows; `make help` lists all.
SHELL := /bin/bash
.DEFAULT_GOAL := help
SITE ?= inventories/lab
VENV := .venv
BIN := $(VENV)/bin
PLAYBOOK = $(BIN)/ansible-playbook -i $(SITE)

# Python 3.12 or newer runs the controller: ansible-core 2.21 asks for it.
PYTHON := $(shell for p in python3.13 python3.12 $$(ls -d $(HOME)/.pyenv/versions/3.1[23]*/bin/python3 2>/dev/null | sort -rV) python3; do \
  command -v $$p >/dev/null 2>&1 && $$p -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 12))' 2>/dev/null && { command -v $$p; break; }; done)

.PHONY: help setup lab site test test-long check lint unit scenarios browser audit prove prove-kernel prove-mutations usb usb-long kernel kernel-benchmarks down clean lock apt-lab apt-test root

help: ## list the commands
	@awk -F':.*## ' '/^[a-z-]+:.*## /{printf "  make %-15s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: $(VENV)/.ready ## Python environment in .venv, pinned with hashes

$(VENV)/.ready: requirements.txt pyproject.toml
	@test -n "$(PYTHON)" || { echo "No Python 3.12 or newer with venv found: apt-get install python3 python3-venv (Debian 13), or install 3.12 or 3.13 with pyenv."; exit 1; }
	@echo "== Python environment ($(PYTHON))"
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@$(BIN)/pip install -qq --require-hashes -r requirements.txt
	@$(BIN)/pip install -qq --no-deps --no-build-isolation --no-index -e .
	@touch $@

root:
	@test "$$(id -u)" = 0 || { echo "The lab needs root: it makes network namespaces and starts machines. Run again as root."; exit 1; }

apt-lab: root
	@tools/apt-packages lab $(if $(VIRTUAL),kernel)

apt-test: root
	@tools/apt-packages lab kernel test

lab: apt-lab setup ## the whole appliance on this machine; prints where to go (VIRTUAL=a,b: these hosts with a kernel of their own)
	@$(BIN)/shoko lab up -i $(SITE) $(if $(VIRTUAL),--virtual $(VIRTUAL))
	@$(BIN)/shoko trust init -i $(SITE)
	@$(PLAYBOOK) playbooks/site.yml
	@$(PLAYBOOK) playbooks/demo.yml
	@$(BIN)/shoko lab url -i $(SITE)
	@echo "stop   make down"

site: setup ## the plain ansible-playbook run
	$(PLAYBOOK) playbooks/site.yml

test: apt-test setup ## everything, in a lab of its own
	@tests/run

test-long: apt-test setup ## the same and the long suites: faults, self-undo, the lab command
	@tests/run --long

scenarios: apt-test setup ## the Molecule scenarios alone, each on throw-away hosts of its own
	@tests/run --long --only $(patsubst molecule/%/molecule.yml,scenario-%,$(wildcard molecule/*/molecule.yml))

check: setup lint unit ## the fast subset: lint and unit tests

lint: setup
	@$(BIN)/ruff check . && $(BIN)/ruff format --check -q .
	@$(BIN)/mypy
	@$(BIN)/yamllint -s .
	@$(BIN)/ansible-lint -q --offline

unit: setup
	@$(BIN)/pytest -q -n auto tests/unit

audit: root setup ## the running lab against scanners (ssh-audit, testssl.sh; of VIRTUAL hosts Lynis, OpenSCAP); reports in results/ (long)
	@$(BIN)/python tests/audit

prove: root setup ## what the roles would write, against the declaration, for every packet
	@$(BIN)/shoko prove --static --rendered -i $(SITE)

prove-kernel: root setup ## the analysis against real packets on 100 random rulesets, every port both ways (long)
	@SHOKO_RULESETS=100 $(BIN)/pytest -q -n auto tests/unit/proof/test_kernel.py

prove-mutations: root setup ## 600 mistakes in the lab's rulesets: found by analysis and by packets, or nothing changed (long)
	@SHOKO_MUTANTS=600 $(BIN)/pytest -q -s tests/unit/proof/test_mutations.py
	@SHOKO_MUTANTS=600 $(BIN)/pytest -q -n auto --dist worksteal tests/unit/proof/test_mutations_by_packets.py

usb: apt-test setup ## device control by hot-plug on a virtual terminal, with fifty at once (ten to twenty minutes)
	@tests/run --long --only usb

usb-long: apt-test setup ## device control: 200 attachments, 20 boots of the virtual terminal, times until usable (an hour)
	@SHOKO_USB_ATTACHMENTS=200 SHOKO_USB_BOOTS=20 $(BIN)/pytest -v -s tests/lab/test_usb.py

kernel: apt-test setup ## hardened kernels on a virtual terminal and server, their events at the log collectors (an hour or more)
	@tests/run --long --only kernel

kernel-benchmarks: apt-test setup ## the same, then Lynis and OpenSCAP (ANSSI BP-028 enhanced) on it; reports in results/ (hours)
	@$(BIN)/pytest -v -s tests/lab/test_kernel_hardening.py

down: root ## stop the lab; nothing stays behind
	@if [ -x $(BIN)/shoko ]; then $(BIN)/shoko lab down -i $(SITE); else echo "No lab here: $(BIN)/shoko does not exist."; fi

clean: root ## also remove images, caches and the environment
	@if [ -x $(BIN)/shoko ]; then $(BIN)/shoko lab clean -i $(SITE); fi
	@rm -rf $(VENV) .cache .lab build

lock: ## pin requirements.in anew (needs uv)
	uv pip compile --universal --python-version 3.12 --generate-hashes --no-header --no-emit-index-url --no-emit-find-links requirements.in -o requirements.txt
