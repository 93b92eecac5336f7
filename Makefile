# casefile: the commands one needs, each with a line about it. `make` lists them.
SHELL := /bin/bash
GO ?= go
DATA ?= ./casefile-data
LISTEN ?= localhost:8080
BIN := bin/casefile
STATICCHECK := honnef.co/go/tools/cmd/staticcheck@v0.8.2
VERSION ?= $(shell git describe --tags --always --dirty 2>/dev/null || echo dev)
export CGO_ENABLED = 0

.DEFAULT_GOAL := help
.PHONY: help run build test test-needs bench lint vet staticcheck fmt fmt-check clean

help: ## list these targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F':.*## ' '{printf "  make %-12s %s\n", $$1, $$2}'

run: build ## build, fill an empty ./casefile-data with the demonstration agencies, serve
	@$(BIN) serve --data $(DATA) --listen $(LISTEN) --demo

build: ## build bin/casefile (no cgo)
	@$(GO) build -trimpath -ldflags "-s -w -X main.version=$(VERSION)" -o $(BIN) ./cmd/casefile

test: test-needs ## every test, real parts included; installs PostgreSQL, Chromium and OpenSSL as root on Debian
	@$(GO) test -timeout 30m ./...

test-needs:
	@./.ci/needs

bench: build ## print the table of targets P1 to P11, each beside its reference (some minutes)
	@$(BIN) bench

lint: vet staticcheck fmt-check ## all static checks

vet:
	@$(GO) vet ./...

staticcheck:
	@$(GO) run $(STATICCHECK) ./...

fmt: ## format the code
	@gofmt -w $$(git ls-files '*.go')

fmt-check:
	@out=$$(gofmt -l $$(git ls-files '*.go')); test -z "$$out" || { echo "not formatted (run make fmt):"; echo "$$out"; exit 1; }

clean: ## remove what was built; never touches data
	@rm -rf bin
