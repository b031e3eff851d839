# Everything one does here. `make help` lists it; the work is done by the short programs in scripts/.

VERSION ?= $(shell git describe --tags --always --dirty 2>/dev/null || echo unversioned)
LDFLAGS := -s -w -X github.com/meins-id/meins/internal/app.Version=$(VERSION)

# The same bytes wherever it is built: no paths, no C, no state of the work tree.
GOBUILD := CGO_ENABLED=0 go build -trimpath -buildvcs=false

.DEFAULT_GOAL := help
.PHONY: help run build agent test check bench fuzz reproducible clean version

help: ## this list
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-13s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

run: ## build, then start the provider and the demo shop on localhost (ARGS="…" for flags)
	@scripts/install-tools run
	@$(MAKE) --no-print-directory build
	@bin/meins demo $(ARGS)

build: agent ## the program, in bin/meins
	@$(GOBUILD) -ldflags '$(LDFLAGS)' -o bin/meins ./cmd/meins

agent: ## the browser's agent, in api/web/static/agent
	@go run -buildvcs=false ./internal/tools/buildagent -out api/web/static/agent

test: ## every test with the race detector; installs what they need first (PKG="./vault/..." for some)
	@scripts/install-tools test
	@$(MAKE) --no-print-directory agent
	@scripts/test $(PKG)

check: ## format, vet, linters, tidy, generated files, architecture
	@scripts/check

bench: ## benchmarks with allocation counts, then the load driver (BENCH, BENCHTIME, COUNT, PKG for some)
	@BENCH='$(BENCH)' BENCHTIME='$(BENCHTIME)' COUNT='$(COUNT)' scripts/bench $(PKG)

fuzz: ## every fuzz target for FUZZTIME (60s); FUZZ chooses by name
	@FUZZ='$(FUZZ)' FUZZTIME='$(FUZZTIME)' scripts/fuzz

reproducible: ## build twice in different places and compare the bytes
	@scripts/reproducible

clean: ## remove what was built, but not the tools in .cache/bin
	@rm -rf bin dist .cache/*.log
	@find api/web/static/agent -type f ! -name .gitkeep -delete

version: ## the version that a build carries
	@echo '$(VERSION)'
