# The commands of the project; `make help` lists them. What they need is set up by scripts/setup on the way.

SHELL := /bin/sh
.DEFAULT_GOAL := help
.PHONY: help run build watch test check fmt unit e2e schemathesis influxd bench screenshot

TOOLS := scripts/with-tools
TARGET := $(or $(CARGO_TARGET_DIR),target)
SKIP_NOTES := $(abspath $(TARGET))/skipped-tests

help: ## List the commands
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

run: build ## Build and serve http://localhost:3000 on the embedded store
	@$(TARGET)/release/iot-center

build: ## Build the release: the server and the site that it serves
	@scripts/setup build
	$(TOOLS) cargo leptos build --release --precompress --cargo-locked

watch: ## Serve while developing: a saved change is built and the browser reloads
	@scripts/setup build
	LEPTOS_HASH_FILES=false $(TOOLS) cargo leptos watch

test: ## Run every test: formatting, lints, unit, integration, browser
	@scripts/setup test
	@mkdir -p $(TARGET) && rm -f $(SKIP_NOTES)
	$(MAKE) check
	IOT_CENTER_SKIP_NOTES=$(SKIP_NOTES) $(MAKE) unit
	$(MAKE) build
	IOT_CENTER_SKIP_NOTES=$(SKIP_NOTES) scripts/schemathesis 500
	IOT_CENTER_SKIP_NOTES=$(SKIP_NOTES) $(MAKE) e2e
	@if [ -s $(SKIP_NOTES) ]; then echo; echo "Not everything could be tested here:"; sort -u $(SKIP_NOTES); fi

check: ## Formatting, lints for both targets, licences and sources of dependencies
	@scripts/setup test
	$(TOOLS) cargo fmt --all --check
	$(TOOLS) cargo clippy --locked --workspace --all-targets --features iot-center/ssr -- -D warnings
	$(TOOLS) cargo clippy --locked -p iot-center --lib --target wasm32-unknown-unknown --features hydrate -- -D warnings
	$(TOOLS) cargo deny --all-features --log-level error check bans licenses sources
	cd end2end && npm run --silent check

fmt: ## Format the code
	$(TOOLS) cargo fmt --all

unit: ## Unit and integration tests, without a browser
	@scripts/setup rust broker browser
	$(TOOLS) cargo test --locked --workspace --features iot-center/ssr

e2e: ## Browser tests on the release build (run `make build` first)
	@scripts/setup browser
	cd end2end && IOT_CENTER_BIN=$(abspath $(TARGET))/release/iot-center npm test

schemathesis: build ## Send 50,000 requests made of the REST API's description
	scripts/schemathesis 50000

influxd: ## Build a real InfluxDB for the tests that run against one (about 15 minutes, once)
	@scripts/influxd

bench: build influxd ## Measure what the README claims, side by side with InfluxDB and its clients
	@scripts/setup browser
	bench/run

screenshot: build ## Make the README's picture
	@scripts/setup browser
	scripts/screenshot
