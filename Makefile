# Thin names for do.py, which does the work and needs no make: python3 do.py run.
# Arguments for the command behind a name go into ARGS: make run ARGS="--web-port 8080".

PYTHON ?= python3
ARGS ?=

.PHONY: run demo lab test nightly check fmt bench sim fuzz shots clean help

run demo lab test nightly check fmt bench sim fuzz shots clean help:
	@$(PYTHON) do.py $@ $(ARGS)
