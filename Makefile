# What one can do here. `make` alone lists it.

GO       ?= go
VERSION  ?= $(shell git describe --tags --always --dirty 2>/dev/null || echo dev)
FUZZTIME ?= 20s
BENCH    ?= -out docs/performance
IMAGE    ?= easyauth
TOOL     ?= docker
RELEASE  ?= bin/release

export GO FUZZTIME

.DEFAULT_GOAL := help
.PHONY: help demo test test-proxies build image release lint fuzz fips soak bench

help: ## list these targets
	@awk -F ': .*## ' '/^[a-z-]+: .*## / { printf "  make %-12s %s\n", $$1, $$2 }' $(firstword $(MAKEFILE_LIST))

demo: ## nginx, a stand-in for Entra ID, EasyAuth and a sample application on localhost
	@test/tools/install-dependencies demo
	@$(GO) build -o bin/demo ./test/demo
	@exec bin/demo

test: ## everything that must hold; installs what the tests need when it is missing
	@test/tools/check

test-proxies: ## a current Caddy and Traefik, in front of EasyAuth; builds them the first time, which takes minutes
	@test/tools/check proxies

build: ## bin/easyauth, static, with its version inside
	CGO_ENABLED=0 $(GO) build -trimpath -ldflags "-s -w -X main.version=$(VERSION)" -o bin/easyauth ./cmd/easyauth

image: ## the container image: make image IMAGE=registry.example.com/easyauth:1.2.3, with TOOL=podman or buildah too
	$(TOOL) build $(if $(filter docker,$(TOOL)),,--format docker) --build-arg VERSION=$(VERSION) --build-arg REVISION=$(shell git rev-parse HEAD) -t $(IMAGE) .

release: ## binaries, checksums, bill of materials and chart in bin/release: make release VERSION=v1.2.3
	@test/tools/install-dependencies release
	@$(GO) run -race=false ./test/tools/release -version "$(VERSION)" -out "$(RELEASE)" $(if $(TARGETS),-targets "$(TARGETS)")

lint: ## vet, formatting and the linters
	@test/tools/check vet format lint

fuzz: ## every fuzz target, three at a time on two processors: make fuzz FUZZTIME=1m
	@test/tools/check fuzz

fips: ## the tests of what seals, signs and verifies, in FIPS 140-3 mode
	@test/tools/check fips

soak: ## a load that tries to make the server grow: make soak DURATION=10m, or REQUESTS=100000
	@$(GO) run -race=false ./test/soak $(if $(DURATION),-duration $(DURATION)) $(if $(REQUESTS),-requests $(REQUESTS)) $(if $(DURATION)$(REQUESTS),,-markdown docs/performance/soak-results.md)

bench: ## what it costs, into docs/performance; a part alone is printed: make bench BENCH="-only ^hit/ -rounds 5"
	@test/tools/install-dependencies bench
	@$(GO) build -race=false -o bin/perf ./test/perf
	@bin/perf $(BENCH)
