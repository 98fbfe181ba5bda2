// Runs the bench named by $BENCH under node:wasi; criterion keeps its results in $HOME_OF_CRITERION.
import { readFile } from 'node:fs/promises';
import { WASI } from 'node:wasi';

const wasi = new WASI({
  version: 'preview1',
  args: [process.env.BENCH, ...process.argv.slice(2)],
  env: { CRITERION_HOME: '/criterion' },
  preopens: { '/criterion': process.env.HOME_OF_CRITERION },
  returnOnExit: false, // Node 20 crashes on the way back to here
});
const module = await WebAssembly.compile(await readFile(process.env.BENCH));
const instance = await WebAssembly.instantiate(module, wasi.getImportObject());
wasi.start(instance);
