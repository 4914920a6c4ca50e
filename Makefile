# Everything a user or a CI runs. `make help` lists it.
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMPS := .cache/stamps
UV_VERSION := 0.13.8
UV := .cache/uv/bin/uv
ARGS ?=
DATA ?=
PAGE ?=
FUZZ_SECONDS ?= 60
SOAK_MINUTES ?= 20
SEED ?=

.PHONY: help setup run test test-quick lint bench soak firmware fuzz lock clean

help: ## List the targets
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14

setup: $(STAMPS)/apt $(STAMPS)/workspace $(STAMPS)/interfaces $(STAMPS)/detector ## Install everything into .venv

$(STAMPS)/apt: tools/apt-packages.txt tools/install_apt.sh
	@mkdir -p $(STAMPS)
	@tools/install_apt.sh
	@touch $@

$(UV): | $(STAMPS)/apt
	@echo "Installing the package installer"
	@$(PYTHON) -m venv .cache/uv
	@.cache/uv/bin/pip install --quiet --disable-pip-version-check uv==$(UV_VERSION)

$(STAMPS)/packages: requirements.lock | $(UV)
	@# Always anew: the ROS wheels bring a second set of package records, which an update takes for
	@# packages that nobody asked for and removes, files included.
	@$(UV) venv --quiet --clear --python $(PYTHON) $(VENV)
	@echo "Installing the Python packages (about 6 GB on disk, most of it torch)"
	@$(UV) pip sync --python $(BIN)/python requirements.lock
	@touch $@

$(STAMPS)/workspace: $(STAMPS)/packages ros2_ws/src/emotion_core/setup.py ros2_ws/src/emotion_bot/setup.py training/pyproject.toml
	@$(UV) pip install --quiet --python $(BIN)/python --no-deps --no-build-isolation \
		-e ros2_ws/src/emotion_core -e ros2_ws/src/emotion_bot -e training
	@touch $@

$(STAMPS)/interfaces: $(STAMPS)/packages tools/install_interfaces.sh tools/wheel_prefix.cmake $(shell find ros2_ws/src/emotion_bot_msgs -type f)
	@tools/install_interfaces.sh $(VENV)
	@touch $@

$(STAMPS)/detector: $(STAMPS)/workspace
	@$(BIN)/emotion-train export mtcnn
	@touch $@

run: setup ## Start the robot on the built-in scene (ARGS="--source webcam" for a camera)
	@$(BIN)/emotion-bot up $(ARGS)

test: setup lint firmware ## Every check: lint, types, contracts, unit, ROS, firmware and end-to-end tests
	@$(MAKE) -C firmware test
	@$(BIN)/pytest -m "not e2e" -n 2 --dist loadfile --reruns 2
	@$(BIN)/pytest -m e2e --reruns 2 --durations 10

test-quick: setup ## Only the unit tests
	@$(BIN)/pytest -m "unit and not slow" -n 2

lint: setup
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports

bench: setup ## Measure; prints every figure (DATA=FOLDER with the clips, PAGE=FILE.md for a page)
	@$(BIN)/python -m tests.bench $(if $(DATA),--data $(DATA)) $(if $(PAGE),--page $(PAGE))

soak: setup ## Faults at random for SOAK_MINUTES, half of them; then quiet (SEED=N repeats a run)
	@$(BIN)/python -m tests.faults --minutes $(SOAK_MINUTES) $(if $(SEED),--seed $(SEED))

firmware: setup ## Build the firmware and report its size
	@$(MAKE) -C firmware build

fuzz: setup ## Fuzz the firmware's protocol for FUZZ_SECONDS
	@$(MAKE) -C firmware fuzz FUZZ_SECONDS=$(FUZZ_SECONDS)

lock: $(UV) ## Resolve requirements.lock anew from pyproject.toml
	@$(UV) pip compile pyproject.toml --all-extras --universal --python-version 3.10 \
		--no-header --no-emit-index-url --quiet --output-file requirements.lock

clean: ## Remove everything that setup and the builds made
	rm -rf $(VENV) .cache firmware/build runs artifacts
