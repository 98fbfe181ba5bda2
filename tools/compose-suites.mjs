// Composes tests/suites/*/subgraphs/*.graphql into the supergraph.graphql beside them, with Apollo's own composition.
// Called by tools/compose-suites.sh; arguments are names of suites, none for all.
//
// A subgraph is of Federation 2 unless its first line is `# Federation 1`: the @link that says so is added here, so
// that the files show only what matters.
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";

const require = createRequire(join(process.env.NODE_MODULES, "any.js"));
const { composeServices } = require("@apollo/composition");
const { parse } = require("graphql");

const root = join(import.meta.dirname, "..", "tests", "suites");
const link = `
extend schema @link(url: "https://specs.apollo.dev/federation/v2.9", import: [
  "@key", "@requires", "@provides", "@external", "@shareable", "@override", "@inaccessible", "@interfaceObject"
])`;

const names = process.argv.length > 2 ? process.argv.slice(2) : readdirSync(root).sort();
let failed = 0;
for (const suite of names) {
  const folder = join(root, suite, "subgraphs");
  // A port each: Weir has one cluster for all subgraphs of an address, and the simulated world takes it for one.
  const services = readdirSync(folder).sort().map((file, index) => {
    const name = file.replace(/\.graphql$/, "");
    const sdl = readFileSync(join(folder, file), "utf8");
    const typeDefs = parse(sdl.startsWith("# Federation 1\n") ? sdl : sdl + link);
    return { name, url: `http://127.0.0.1:${4301 + index}/graphql`, typeDefs };
  });
  const { errors, hints, supergraphSdl } = composeServices(services);
  if (process.env.HINTS) for (const hint of hints ?? []) console.error(`${suite}: hint: ${hint.message}`);
  for (const error of errors ?? []) console.error(`${suite}: error: ${error.message}`);
  failed += errors?.length ?? 0;
  if (!errors?.length) writeFileSync(join(root, suite, "supergraph.graphql"), `${supergraphSdl.trimEnd()}\n`);
}
process.exit(failed ? 1 : 0);
