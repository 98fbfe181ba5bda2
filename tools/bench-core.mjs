// Runs the bench named by $BENCH on this Node's V8, with the few calls of WASI that it needs: arguments, clock, output. No
// files: criterion complains that it can't keep its results (bench-core.sh hides that), and compares them with nothing.
// (Node 20's own node:wasi damages V8's heap: it crashes when these benches end.)
import { readFile } from 'node:fs/promises';
import { writeSync } from 'node:fs';
import { randomFillSync } from 'node:crypto';

const SUCCESS = 0, BADF = 8, NOSYS = 52;
const args = [process.env.BENCH, ...process.argv.slice(2)].map((text) => Buffer.from(`${text}\0`));
let memory;
const view = () => new DataView(memory.buffer);
const bytes = (at, length) => new Uint8Array(memory.buffer, at, length);

class Exit extends Error {}
const calls = {
  args_sizes_get(count, size) {
    view().setUint32(count, args.length, true);
    view().setUint32(size, Buffer.concat(args).length, true);
    return SUCCESS;
  },
  args_get(pointers, buffer) {
    for (const text of args) {
      view().setUint32(pointers, buffer, true);
      bytes(buffer, text.length).set(text);
      pointers += 4;
      buffer += text.length;
    }
    return SUCCESS;
  },
  environ_sizes_get(count, size) {
    view().setUint32(count, 0, true);
    view().setUint32(size, 0, true);
    return SUCCESS;
  },
  environ_get: () => SUCCESS,
  clock_time_get(clock, _precision, time) {
    // 0 is the wall clock, the others only rise.
    const now = clock === 0 ? BigInt(Date.now()) * 1000000n : process.hrtime.bigint();
    view().setBigUint64(time, now, true);
    return SUCCESS;
  },
  random_get(at, length) {
    randomFillSync(bytes(at, length));
    return SUCCESS;
  },
  fd_write(file, vectors, count, written) {
    if (file !== 1 && file !== 2) return BADF;
    let sum = 0;
    for (let at = vectors; at < vectors + 8 * count; at += 8) {
      const length = view().getUint32(at + 4, true);
      for (let done = 0; done < length; ) {
        done += writeSync(file, bytes(view().getUint32(at, true) + done, length - done));
      }
      sum += length;
    }
    view().setUint32(written, sum, true);
    return SUCCESS;
  },
  fd_prestat_get: () => BADF,
  proc_exit(code) {
    process.exitCode = code;
    throw new Exit();
  },
};

const module = await WebAssembly.compile(await readFile(process.env.BENCH));
const imports = {};
for (const { name } of WebAssembly.Module.imports(module)) imports[name] = calls[name] ?? (() => NOSYS);
const instance = await WebAssembly.instantiate(module, { wasi_snapshot_preview1: imports });
memory = instance.exports.memory;
try {
  instance.exports._start();
} catch (error) {
  if (!(error instanceof Exit)) throw error;
}
