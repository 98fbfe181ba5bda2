// What graphql-js says of the schema and the operations in this folder:
//   npm install --prefix /tmp/graphql-js graphql@16.13.0 && GRAPHQL_JS=/tmp/graphql-js/node_modules/graphql node tests/graphql-js/golden.mjs
import { createRequire } from "node:module";
import { readFileSync, writeFileSync } from "node:fs";

const require = createRequire(import.meta.url);
const g = require(process.env.GRAPHQL_JS ?? "graphql");
const here = (name) => new URL(name, import.meta.url);
const schema = g.buildSchema(readFileSync(here("schema.graphql"), "utf8"));

const errors = (text) => {
  let document;
  try {
    document = g.parse(text);
  } catch (error) {
    return [error];
  }
  return g.validate(schema, document);
};
const blocks = readFileSync(here("operations.txt"), "utf8").split(/^### /m).slice(1);
const cases = blocks.map((block) => {
  const [title, ...lines] = block.split("\n");
  const text = lines.join("\n").trim();
  const found = errors(text).map(({ message, locations }) => [message, (locations ?? []).map((l) => [l.line, l.column])]);
  return { title, text, errors: found };
});
writeFileSync(here("validation.json"), JSON.stringify(cases, null, 1) + "\n");

const options = { descriptions: true, specifiedByUrl: true, directiveIsRepeatable: true, schemaDescription: true, inputValueDeprecation: true, oneOf: true };
const query = g.getIntrospectionQuery(options);
writeFileSync(here("introspection.graphql"), query + "\n");
writeFileSync(here("introspection.json"), JSON.stringify(g.introspectionFromSchema(schema, options), null, 1) + "\n");
