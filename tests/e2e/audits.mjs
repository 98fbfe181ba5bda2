// Runs the audits of GraphQL over HTTP from the npm package `graphql-http` against a server:
//     node audits.mjs PACKAGE_FOLDER URL
// Prints each audit that is not ok, and last `N of M audits passed`. Fails unless all passed, MAY included.
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';

const [folder, url] = process.argv.slice(2);
// By its file, because the package's entry would want the package `graphql`, which the audits don't need.
const { serverAudits } = await import(pathToFileURL(join(resolve(folder), 'lib/audits/server.mjs')));

const results = [];
for (const audit of serverAudits({ url })) {
  results.push(await audit.fn());
}
for (const { id, name, status, reason, response } of results) {
  if (status !== 'ok') {
    console.log(`${status}: ${id} ${name}: ${reason} (status ${response?.status})`);
  }
}
const passed = results.filter(({ status }) => status === 'ok').length;
console.log(`${passed} of ${results.length} audits passed`);
process.exitCode = passed === results.length ? 0 : 1;
