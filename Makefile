# `make run`: a local L1, contracts, proposer and node in one. `make test`: every test. Both set up what is missing.
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DELETE_ON_ERROR:

.PHONY: run test unit conformance clock soak bench build setup lint clean

run: build
	node dist/cli/main.js devnet

test: build lint
	node test/run.mjs

# What a change touches first: seconds, not minutes.
unit: build
	node test/run.mjs --no-contracts test/unit test/tidy.test.ts

# The whole of the outside suites; `make test` runs a fixed part of the largest.
conformance: build
	CONFORMANCE=full node test/run.mjs --no-contracts test/conformance

# Whole nets of nodes that keep an L1's time; nothing else should run beside them. Ten minutes.
clock: build
	CLOCK=1 node test/run.mjs --no-contracts test/scenario/preconf test/e2e/preconfPos

# The long ones: real process kills by the hundred, and the contracts' invariants at full depth (most of an hour).
soak: build
	SOAK=1 CLOCK=1 node test/run.mjs --no-contracts test/soak
	node contracts/forge.mjs invariants

bench: build
	npm run --silent bench

build: setup
	node contracts/build.mjs
	npm run --silent build

setup: node_modules/.ready

node_modules/.ready: package.json package-lock.json test/support/pos/package-lock.json scripts/setup.sh
	bash scripts/setup.sh
	touch $@

lint: setup
	npx --no-install tsc --noEmit
	npx --no-install biome check .

clean:
	rm -rf dist contracts/out contracts/cache contracts/artifacts node_modules/.ready
