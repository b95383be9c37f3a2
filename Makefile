# Development of otelcol-pptp. `make` alone lists the targets.
#
# Needs GNU make, git and Go; `make test` uses the race detector where a C compiler is installed.

SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
MAKEFLAGS += --no-builtin-rules
.SUFFIXES:
.DELETE_ON_ERROR:
.DEFAULT_GOAL := help

GO ?= go
ifeq ($(shell command -v $(GO) 2>/dev/null),)
$(error no `$(GO)` in PATH: install Go 1.26 or newer from https://go.dev/dl/ and put its bin folder into PATH)
endif

# What a user may set: make run FAULT=gre_blackhole, make fuzz FUZZTIME=5m, make bench PKG=./pptp/mppe
COLLECTOR ?= bin/otelcol-pptp
CONFIG    ?= examples/demo.yaml
FAULT     ?=
FUZZTIME  ?= 30s
FUZZ      ?= .
BENCH     ?= .
BENCHTIME ?= 1s
PKG       ?= ./...
SESSIONS  ?= 10000

# Binaries, generators and linters are all built like ocb builds the collector, so that they share one build cache. VCS
# stamping is off: it fails in a checkout that belongs to another user, as it does under sudo.
go_flags   := $(shell $(GO) env GOFLAGS)
release    := CGO_ENABLED=0 GOFLAGS='$(strip $(go_flags) -trimpath -buildvcs=false)'
strip_syms := -ldflags='-s -w'
tool       := $(release) $(GO) tool -modfile=internal/tools/go.mod
golangci   := bin/tools/golangci-lint
test_tags  := real,distribution

say = @printf '\033[1m==>\033[0m %s\n'

# ------------------------------------------------------------------------------------------------------------ build

.PHONY: build
build: bin/otelcol-pptp bin/pptpgw bin/pptpprobe ## Build bin/otelcol-pptp, the simulated gateway bin/pptpgw and bin/pptpprobe (first time 5 to 10 min)

.PHONY: build-full
build-full: bin/otelcol-pptp-full ## Build bin/otelcol-pptp-full from builder-config.full.yaml (first time 15 min)

# ocb writes a Go module of its own into _build. It runs again only if what it reads has changed; after that, go itself
# knows what to compile, so a build after one changed file takes seconds.
builder_inputs := go.mod go.sum internal/tools/go.mod internal/tools/go.sum

_build/.generated: builder-config.yaml $(builder_inputs)
_build-full/.generated: builder-config.full.yaml $(builder_inputs)
_build/.generated _build-full/.generated:
	$(say) "$(@D): generating from $< with ocb (first time 1 to 2 min)"
	@mkdir -p $(@D)
	@$(tool) builder --config $< --skip-compilation > $(@D)/ocb.log 2>&1 || { cat $(@D)/ocb.log; exit 1; }
	@scripts/check-versions.sh $(@D)/go.mod
	@touch $@

# go build -v names each package it compiles: some hundred of them make a line of progress, all else is passed on.
count_packages := awk '/[ :\#]/ {print; next} ++n % 200 == 0 {print "    " n " packages compiled"; fflush()}'

# -mod=mod: a package of ours may import more from modules that go.mod already pins, without a new run of ocb.
.PHONY: bin/otelcol-pptp bin/otelcol-pptp-full
bin/otelcol-pptp: _build/.generated
bin/otelcol-pptp-full: _build-full/.generated
bin/otelcol-pptp bin/otelcol-pptp-full:
	$(say) "$@ (first time 3 to 10 min, then seconds)"
	@$(release) $(GO) -C $(<D) build -v -mod=mod $(strip_syms) -o ../$@ . 2>&1 | $(count_packages)

.PHONY: bin/pptpgw bin/pptpprobe bin/pptpdemo bin/pptpload
bin/pptpgw: package := ./testbed/gateway/cmd/pptpgw
bin/pptpprobe: package := ./pptpprobe/cmd/pptpprobe
bin/pptpdemo: package := ./testbed/demo
bin/pptpload: package := ./testbed/load
bin/pptpgw bin/pptpprobe bin/pptpdemo bin/pptpload:
	$(say) "$@"
	@$(release) $(GO) build $(strip_syms) -o $@ $(package)

.PHONY: run
run: build bin/pptpdemo ## Watch a simulated gateway from all sides; FAULT=<name> breaks it after 15 s
	@COLLECTOR='$(COLLECTOR)' CONFIG='$(CONFIG)' FAULT='$(FAULT)' exec bin/pptpdemo

.PHONY: faults
faults: bin/pptpgw ## List all that can be broken in the simulated gateway
	@bin/pptpgw -list-faults

# ------------------------------------------------------------------------------------------------------------- test

# The race detector needs cgo, and that a C compiler with its headers. A machine without one still runs all tests.
cc   := $(shell echo '\#include <stdlib.h>' | $$($(GO) env CC) -E -x c - >/dev/null 2>&1 && echo yes)
race := $(if $(cc),CGO_ENABLED=1 $(GO) test -race,CGO_ENABLED=0 $(GO) test)

summary := bin/tools/testsummary

.PHONY: $(summary)
$(summary):
	@$(release) $(GO) build $(strip_syms) -o $@ ./scripts/testsummary

.PHONY: test
test: $(summary) ## Run all tests but those that need a real gateway, with the race detector (first time 5 min)
	$(say) "go test $(if $(cc),-race )$(PKG)$(if $(cc),, (no C compiler: without the race detector))"
	@$(race) -json $(PKG) | $(summary)

# -p 1: the packages share the machine's two things that matter here, its CPUs (time is measured) and its guests.
.PHONY: test-real
test-real: build $(summary) ## Run the tests against real gateways in User-Mode Linux, and build a foreign collector (root, Debian 12)
	$(say) "real gateways, exporters and servers: packages and guest (first time 2 to 4 min)"
	@testbed/uml/setup.sh
	@testbed/flow/setup.sh
	@testbed/radius/setup.sh
	@testbed/deploy/setup.sh
	$(say) "go test -tags $(test_tags) ./testbed/... (25 min)"
	@COLLECTOR='$(abspath $(COLLECTOR))' $(GO) test -tags $(test_tags) -p 1 -count=1 -timeout 40m -json ./testbed/... | $(summary) -v

.PHONY: eval
eval: ## Inject every cause, with noise, and see how often the verdict is right; writes docs/evaluation.md
	@$(GO) run ./testbed/scenario

.PHONY: fuzz
fuzz: ## Run every fuzz test for FUZZTIME (30s) each; FUZZ=<regexp> picks some
	@GO='$(GO)' scripts/fuzz.sh '$(FUZZTIME)' '$(FUZZ)'

.PHONY: bench
bench: ## Run all benchmarks; PKG, BENCH (regexp) and BENCHTIME pick and prolong
	@$(GO) test -run '^$$' -bench '$(BENCH)' -benchtime '$(BENCHTIME)' -benchmem $(PKG) | grep -v 'no test files'

# In a network namespace of its own: the kernel copies each GRE packet to every raw GRE socket of the namespace.
.PHONY: load
load: bin/pptpload ## Measure set-up, held sessions and transfer against the simulated gateway (root); SESSIONS=<n>
	@unshare --net sh -euc 'ip link set lo up; for m in "setup -sessions 5000" "hold -sessions $(SESSIONS) -parallel 64" \
	  "hold -sessions $(SESSIONS) -parallel 64 -stack -for 90s" "transfer -sessions 5"; do echo; echo "pptpload $$m"; bin/pptpload $$m; done'

.PHONY: coverage
coverage: ## Measure the test coverage of pptp/ and pptpprobe/; fails below 85 %
	@GO='$(GO)' scripts/coverage.sh 85 ./pptp/... ./pptpprobe/...

# ------------------------------------------------------------------------------------------------------------ check

.PHONY: lint
lint: $(golangci) check-versions check-imports ## Check formatting, vet, golangci-lint, module versions and import rules
	$(say) "gofmt"
	@files=$$(git ls-files -co --exclude-standard -- '*.go' | while read -r f; do [ ! -f "$$f" ] || echo "$$f"; done | xargs -r gofmt -l); \
	  [ -z "$$files" ] || { printf 'not gofmted, run gofmt -w:\n%s\n' "$$files"; exit 1; }
	$(say) "go vet"
	@$(release) $(GO) vet -tags $(test_tags) ./...
	$(say) "golangci-lint (first time some minutes)"
	@$(release) $(golangci) run

$(golangci): internal/tools/lint/go.mod internal/tools/lint/go.sum
	$(say) "building golangci-lint, once (3 min)"
	@$(release) $(GO) -C internal/tools/lint build $(strip_syms) -o ../../../$@ github.com/golangci/golangci-lint/v2/cmd/golangci-lint
	@touch $@

.PHONY: check-versions
check-versions: ## Check that all collector modules come from one release
	$(say) "collector module versions"
	@GO='$(GO)' scripts/check-versions.sh

.PHONY: check-imports
check-imports: ## Check who may import whom: domain packages nothing of OTel, components not each other
	$(say) "import rules"
	@GO='$(GO)' scripts/check-imports.sh

.PHONY: check-deploy
check-deploy: ## Check alert rules, routes and inhibition with Debian's promtool, amtool and Alertmanager
	$(say) "alert rules and routes"
	@testbed/deploy/setup.sh
	@$(GO) test ./deploy/... ./scripts/runbook
	@CI=true $(GO) test -tags real -count=1 -run 'Promtool|Amtool|Inhibitions' ./testbed/deploy

.PHONY: check-generated
check-generated: ## Check that generated files are what `make generate` makes
	$(say) "generated files"
	@MAKE='$(MAKE)' scripts/check-generated.sh

.PHONY: generate
generate: ## Generate code and documentation from every metadata.yaml (first time 1 min)
	$(say) "generating"
	@$(release) GO='$(GO)' scripts/generate.sh

.PHONY: clean
clean: ## Remove what was built: bin/, _build/, _build-full/
	rm -rf bin _build _build-full .schemas coverage.out

# Those of which each has a verdict of its own; `make faults` lists more than a hundred.
shown_faults := gre_blackhole gre.tx_lost gre_blocked auth_rejected auth.timeout pool_empty tcp.refused wrong_keys no_mppe mtu_blackhole

.PHONY: help
help: ## Show this list
	@awk 'BEGIN {FS = ":.*## "; print "make targets:"} /^[a-z][a-z-]*:.*## / {printf "  %-16s %s\n", $$1, $$2}' $(firstword $(MAKEFILE_LIST))
	@printf '\nfaults for make run FAULT=<name>:\n'; printf '  %s\n' $(shown_faults)
