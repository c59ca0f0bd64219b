/** `npm run check`: everything that can be said about the code without running it. Runs all, then says which failed. */
import { spawn } from 'node:child_process';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { root } from './prepare.mjs';

const CHECKS = [
  ['eslint', ['.', '--max-warnings', '0']],
  ['tsc', ['--noEmit']],
  ['tsc', ['--noEmit', '-p', 'tsconfig.pure.json']],
  ['prettier', ['--check', '.', '--cache', '--cache-strategy', 'content']],
  ['depcruise', ['src', 'migrations', '--config', '.dependency-cruiser.cjs']],
  ['knip', []],
];

const failed = [];
const waiting = [...CHECKS];

async function worker() {
  for (let check = waiting.shift(); check !== undefined; check = waiting.shift()) {
    const [tool, parameters] = check;
    const name = [tool, ...parameters].join(' ');
    const start = Date.now();
    const { code, output } = await run(tool, parameters);
    const seconds = ((Date.now() - start) / 1000).toFixed(1);
    console.log(`${code === 0 ? 'ok    ' : 'FAILED'} ${name} (${seconds} s)`);
    if (code === 0) continue;
    failed.push(name);
    console.log(output.trim());
  }
}

function run(tool, parameters) {
  return new Promise((resolve) => {
    const child = spawn(join(root, 'node_modules/.bin', tool), parameters, {
      cwd: root,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let output = '';
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8');
      stream.on('data', (text) => (output += text));
    }
    child.on('error', (error) => resolve({ code: 1, output: error.message }));
    child.on('close', (code) => resolve({ code: code ?? 1, output }));
  });
}

await Promise.all(Array.from({ length: Math.min(2, availableParallelism()) }, worker));
console.log(failed.length === 0 ? 'All checks passed.' : `Failed: ${failed.join(', ')}`);
process.exitCode = failed.length === 0 ? 0 : 1;
