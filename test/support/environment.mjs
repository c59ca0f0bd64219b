import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { TestEnvironment } from 'jest-environment-node';
import { setFlagsFromString } from 'node:v8';
import { madeIn } from './run-directory.mjs';

const PATIENCE_MS = 3_000;
/** A supervisor ends its servers first, and a service drains. */
const END_MS = 30_000;

// What a file loads is gone with it: little of it is worth a second compilation. V8 has no such flag any more in Node 24.
if (Number.parseInt(process.versions.node, 10) < 24)
  setFlagsFromString('--interrupt-budget=600000');

/**
 * Fails a test file that leaves sockets, servers, child processes or files behind: they would outlive the run or the
 * next file. Temporary files of a test file lie in a directory of its own.
 */
export default class LeakCheckedEnvironment extends TestEnvironment {
  constructor(config, context) {
    const run = process.env.OFFSWITCH_TEST_RUN;
    const directory = run === undefined ? null : madeIn(run, 'file-');
    // Before the environment of the test file is copied from ours.
    if (directory !== null) process.env.TMPDIR = directory;
    super(config, context);
    this.directory = directory;
  }

  async setup() {
    await super.setup();
    endWithParent();
    this.before = new Set([...openHandles().keys(), ...children().keys()]);
  }

  /** A file that broke off or failed is told by its own error, which ours would hide. */
  handleTestEvent({ name, test }) {
    if (name === 'run_finish') this.isFinished = true;
    if (name === 'hook_failure' || (name === 'test_done' && test.errors.length > 0))
      this.hasFailed = true;
  }

  async teardown() {
    const deadline = Date.now() + PATIENCE_MS;
    let left = this.#left();
    while (left.length > 0 && Date.now() < deadline) {
      await pause(50);
      left = this.#left();
    }
    await this.#endAll();
    await super.teardown();
    if (left.length > 0 && this.isFinished && !this.hasFailed)
      throw new Error(`This test file left open: ${left.join(', ')}`);
  }

  /** So that the run ends all the same, and says what was wrong. */
  async #endAll() {
    for (const [handle] of this.#new(openHandles())) (handle.destroy ?? handle.close).call(handle);
    // Asked first: whoever is killed takes nobody along, and a supervisor has servers.
    for (const [pid] of this.#new(children())) send(pid, 'SIGTERM');
    const deadline = Date.now() + END_MS;
    while (this.#new(children()).length > 0 && Date.now() < deadline) await pause(50);
    for (const [pid] of this.#new(children())) send(pid, 'SIGKILL');
    if (this.directory !== null) rmSync(this.directory, { recursive: true, force: true });
  }

  #left() {
    const files = this.directory === null ? [] : readdirSync(this.directory);
    const open = [...this.#new(openHandles()), ...this.#new(children())];
    return [...open.map(([, text]) => text), ...files.map((name) => `the file ${name}`)];
  }

  #new(found) {
    return [...found].filter(([key]) => !this.before.has(key));
  }
}

const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

function send(pid, signal) {
  try {
    process.kill(pid, signal);
    process.kill(pid, 'SIGCONT'); // a frozen process takes no signal but SIGKILL
  } catch {
    // It ended meanwhile.
  }
}

/**
 * A worker of jest whose parent was killed would finish its file, and hold its servers until then. (Its channel would
 * tell too, but who listens to the channel keeps jest's worker from ending in peace.)
 */
function endWithParent() {
  if (process.send === undefined || process.offswitchParent !== undefined) return;
  process.offswitchParent = process.ppid;
  const isOrphan = () => process.ppid !== process.offswitchParent;
  setInterval(() => isOrphan() && process.kill(process.pid, 'SIGKILL'), 500).unref();
}

/** Sockets and listeners of this process. Node has no public list of them with their addresses. */
function openHandles() {
  const handles = process._getActiveHandles().filter((handle) => {
    const kind = handle.constructor.name;
    return (kind === 'Socket' && handle.remotePort !== undefined) || kind === 'Server';
  });
  return new Map(
    handles.map((handle) => [
      handle,
      handle.constructor.name === 'Server'
        ? `a server on port ${handle.address()?.port}`
        : `a connection to port ${handle.remotePort}`,
    ]),
  );
}

/** Child processes of this process, also those that do not keep it alive, with what they were started as. */
function children() {
  return new Map(existsSync('/proc/self/stat') ? childrenByProc() : childrenByPs());
}

/** Each file asks twice, and starting `ps` takes longer than reading what it reads. */
function childrenByProc() {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/u.test(name))
    .filter((pid) => parentIn(read(`/proc/${pid}/stat`)) === process.pid)
    .map((pid) => [pid, read(`/proc/${pid}/cmdline`).replaceAll('\0', ' ').trim()])
    .filter(([, command]) => command !== '') // it has ended
    .map(([pid, command]) => named(pid, command));
}

/** `pid (name) state parent …`, and a name may hold anything (proc(5)). */
const parentIn = (stat) => Number(stat.slice(stat.lastIndexOf(')') + 1).split(' ')[2]);

function read(file) {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return ''; // it ended meanwhile
  }
}

const named = (pid, command) => [Number(pid), `process ${pid} (${command.slice(0, 120)})`];

function childrenByPs() {
  const lines = execFileSync('ps', ['-A', '-ww', '-o', 'pid=,ppid=,args='], { encoding: 'utf8' });
  return lines
    .split('\n')
    .map((line) => /^\s*(\d+)\s+(\d+)\s+(.*)$/u.exec(line))
    .filter((match) => match !== null && Number(match[2]) === process.pid)
    .filter((match) => !match[3].startsWith('ps -A') && !match[3].endsWith('<defunct>'))
    .map(([, pid, , command]) => named(pid, command));
}
