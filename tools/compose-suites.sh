#!/usr/bin/env bash
# Composes the supergraphs of tests/suites from their subgraphs: after a change to a subgraph, or for one suite by
# name. Needs Node and the npm registry; what it writes is committed, so tests need neither.
set -euo pipefail
cd "$(dirname "$0")/.."
home=${WEIR_COMPOSE_HOME:-/tmp/weir-compose}
[[ -d $home/node_modules/@apollo/composition ]] ||
    npm install --prefix "$home" --no-audit --no-fund @apollo/composition@2.14.4 graphql@16.15.0
NODE_MODULES=$home/node_modules exec node tools/compose-suites.mjs "$@"
