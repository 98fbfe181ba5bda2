# `make` alone prints what there is. Each target is one script in tools/.
.PHONY: help setup demo test wasm e2e compose-test bench bench-cache bench-path resilience fuzz differential lint fmt
.DEFAULT_GOAL := help

help: ## print this
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / { printf "make %-14s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

setup: ## get what is missing to build and test (Debian packages, and the rest in .tools/)
	@tools/setup.sh

demo: ## run it: demo subgraphs, Envoy with Weir, one operation; up until Ctrl-C (ONCE=1: exit after the answer)
	@tools/demo.sh

test: ## run every test: native, wasm32, end to end on real Envoy
	@tools/test.sh

wasm: ## build target/wasm32-wasip1/release/weir.wasm
	@tools/wasm.sh

e2e: ## run the end to end tests alone
	@tools/test.sh e2e

compose-test: ## bring up envoy/docker-compose.yml, ask it the demo operation, take it down
	@tools/compose-test.sh

bench: ## measure Weir in Envoy beside the floor, plain proxying and a peer (tests/README.md, Benchmark)
	@tools/bench.sh

bench-cache: ## measure the plan cache alone, natively and in wasm (docs/plan-cache-benchmarks.md)
	@tools/bench-core.sh cache

bench-path: ## measure the execution of requests alone, natively and in wasm (docs/execution-path.md)
	@tools/bench-core.sh path

resilience: ## sick subgraphs under load, with Weir's breaker, without it, with Envoy alone (tests/README.md, Resilience)
	@tools/resilience.sh

fuzz: ## fuzz each target for SECONDS=1200, or one: TARGET=operation (tests/fuzz/README.md)
	@SECONDS_EACH=$(or $(SECONDS),1200) tools/fuzz.sh $(TARGET)

differential: ## random operations against one service with the same data: WEIR_DIFF_COUNT=2000 WEIR_DIFF_SEED=1
	@tools/differential.sh

lint: ## rustfmt, clippy, layout
	@tools/lint.sh

fmt: ## format the code
	@cargo fmt --all
