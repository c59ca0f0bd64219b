/**
 * `node scripts/bootstrap.mjs <command> …`: what stands behind the npm commands. Prepares what the command needs and is
 * not there yet, then becomes the real thing: the service, the command line and the demo run in this very process, so
 * that signals, the terminal and the exit code are theirs; jest gets a process of its own, which ends with this one.
 */
import { spawn } from 'node:child_process';
import { constants } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

const OLDEST_NODE = [20, 19];

const COMMAND_LINE = 'dist/src/cli/offswitch.js';

const COMMANDS = {
  start: { steps: ['packages', 'build', 'kafka'], file: 'dist/src/main.js' },
  offswitch: { steps: ['packages', 'build'], file: COMMAND_LINE },
  gateway: { steps: ['packages', 'build'], file: COMMAND_LINE, before: ['gateway'] },
  demo: { steps: ['packages', 'build', 'kafka'], file: COMMAND_LINE, before: ['demo'] },
  bench: { steps: ['packages', 'build', 'kafka'], file: 'bench/main.ts', isSource: true },
  check: { steps: ['packages'], file: 'scripts/check.mjs' },
  'pack:gateway': { steps: ['packages'], file: 'scripts/pack-gateway.mjs' },
  test: { steps: ['packages', 'kafka'], file: 'node_modules/jest/bin/jest.js', isJest: true },
};

const [name, ...given] = process.argv.slice(2);

const [major, minor] = process.versions.node.split('.').map(Number);
const isTooOld = major < OLDEST_NODE[0] || (major === OLDEST_NODE[0] && minor < OLDEST_NODE[1]);
if (isTooOld) {
  process.stderr.write(
    `Offswitch needs Node ${OLDEST_NODE.join('.')} or later, and this is ${process.versions.node}.\n`,
  );
  process.exit(1);
}

const command = COMMANDS[name];
if (command === undefined) {
  process.stderr.write(`Unknown command. One of: ${Object.keys(COMMANDS).join(', ')}.\n`);
  process.exit(1);
}

const { prepare, root, StepFailed } = await import('./prepare.mjs');

// With a Kafka of your own nobody needs ours.
const hasKafka = Boolean(process.env.KAFKA_BROKERS ?? process.env.KAFKA_BROKERS_FILE);
const needsNoKafka = name === 'start' && hasKafka;
try {
  prepare(command.steps.filter((step) => step !== 'kafka' || !needsNoKafka));
} catch (error) {
  if (!(error instanceof StepFailed)) throw error;
  process.stderr.write(`${error.message}\n`);
  process.exit(1);
}

if (process.env.npm_lifecycle_event !== undefined) endWithParent();

if (command.isJest === true) runJest();
else await become();

/**
 * npm starts us through a shell, and a shell that is ended does not pass that on: who ends `npm start` means us. Nothing
 * tells a process that its parent is gone, so it looks. The signal is the one that drains.
 */
function endWithParent() {
  const parent = process.ppid;
  const look = setInterval(() => {
    if (process.ppid === parent) return;
    clearInterval(look);
    process.kill(process.pid, 'SIGTERM');
  }, 200);
  look.unref();
}

async function become() {
  const file = join(root, command.file);
  if (command.isSource === true) await import('../test/support/typescript.mjs');
  process.argv = [process.argv[0], file, ...(command.before ?? []), ...given];
  await import(pathToFileURL(file).href);
}

function runJest() {
  const tie = pathToFileURL(join(root, 'scripts/tied-to-parent.mjs')).href;
  // Each test file loads its modules anew and leaves them behind: twice the room makes half of the collections.
  const flags = ['--import', tie, '--experimental-vm-modules', '--max-semi-space-size=32'];
  const quiet = '--disable-warning=ExperimentalWarning';
  const jest = spawn(process.execPath, [...flags, quiet, join(root, command.file), ...given], {
    cwd: root,
    stdio: ['pipe', 'inherit', 'inherit'],
    env: { ...process.env, OFFSWITCH_TIED_TO: String(process.pid) },
  });
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => jest.kill(signal));
  jest.on('error', (error) => {
    throw error;
  });
  jest.on('exit', (code, signal) => {
    process.exit(code ?? 128 + constants.signals[signal]);
  });
}
