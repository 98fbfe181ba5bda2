// Composes envoy/subgraphs/*.graphql into envoy/supergraph.graphql with Apollo's own composition.
// From the repository's root, after a change to the demo subgraphs:
//
//   for name in accounts products inventory reviews; do
//     target/release/weirctl subgraphs --print-sdl "$name" > "envoy/subgraphs/$name.graphql"
//   done
//   npm install --prefix /tmp/weir-compose --no-audit --no-fund @apollo/composition@2.14.4 graphql@16.15.0 &&
//     NODE_MODULES=/tmp/weir-compose/node_modules node envoy/compose.mjs
import { readFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";

const require = createRequire(join(process.env.NODE_MODULES ?? process.cwd(), "any.js"));
const { composeServices } = require("@apollo/composition");
const { parse } = require("graphql");

const here = import.meta.dirname;
// The order decides nothing but the order of join__Graph; the URLs are the defaults of `weirctl subgraphs`.
const services = ["accounts", "products", "inventory", "reviews"].map((name) => ({
  name,
  url: `http://127.0.0.1:4100/${name}/graphql`,
  typeDefs: parse(readFileSync(join(here, "subgraphs", `${name}.graphql`), "utf8")),
}));

const { errors, hints, supergraphSdl } = composeServices(services);
for (const hint of hints ?? []) console.error(`hint: ${hint.message}`);
for (const error of errors ?? []) console.error(`error: ${error.message}`);
if (errors?.length) process.exit(1);

writeFileSync(join(here, "supergraph.graphql"), `${supergraphSdl.trimEnd()}\n`);
