/**
 * `node janitor.mjs <directory>`: waits until standard input ends, by a word or by the death of whoever held it; then
 * until nobody works in the directory, and removes it. Supervisors end their servers themselves; what has lost its
 * supervisor, or does not end, is ended here.
 */
import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { setTimeout as after } from 'node:timers/promises';

const PATIENCE_MS = 30_000;
/** An orphaned worker of jest ends within this time (environment.mjs), and may start something until then. */
const ORPHANS_MS = 1_000;

const directory = process.argv[2];

/** `pid command` of all whose command line names the directory. */
function workers() {
  return execFileSync('ps', ['-A', '-ww', '-o', 'pid=,args='], { encoding: 'utf8' })
    .split('\n')
    .filter((line) => line.includes(directory))
    .filter((line) => Number.parseInt(line, 10) !== process.pid);
}

/** Whether somebody may still end by itself, or be ended. */
const isWorthAWait = (found) => isOver || found.some((line) => line.includes('/supervisor.'));

function kill(line) {
  try {
    process.kill(Number.parseInt(line, 10), 'SIGKILL');
  } catch {
    // It ended meanwhile.
  }
}

let said = '';
process.stdin.setEncoding('utf8').on('data', (text) => (said += text));
await new Promise((resolve) => process.stdin.on('close', resolve).on('error', resolve));

const isOver = said === 'over\n';
const deadline = Date.now() + PATIENCE_MS;
if (!isOver) await after(ORPHANS_MS);
while (workers().length > 0 || existsSync(directory)) {
  let found = workers();
  while (found.length > 0 && isWorthAWait(found) && Date.now() < deadline) {
    await after(50);
    found = workers();
  }
  found.forEach(kill);
  await rm(directory, { recursive: true, force: true, maxRetries: 5 });
}
