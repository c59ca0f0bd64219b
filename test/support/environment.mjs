import { execFileSync } from 'node:child_process';
import { TestEnvironment } from 'jest-environment-node';

const PATIENCE_MS = 3_000;

/** Fails a test file that leaves sockets, servers or child processes behind: they would outlive the run or the next file. */
export default class LeakCheckedEnvironment extends TestEnvironment {
  async setup() {
    await super.setup();
    endWithParent();
    this.before = new Set([...openHandles().keys(), ...children().keys()]);
  }

  async teardown() {
    const deadline = Date.now() + PATIENCE_MS;
    let left = this.#left();
    while (left.length > 0 && Date.now() < deadline) {
      await new Promise((resolve) => setTimeout(resolve, 50));
      left = this.#left();
    }
    this.#endAll();
    await super.teardown();
    if (left.length > 0) throw new Error(`This test file left open: ${left.join(', ')}`);
  }

  /** So that the run ends all the same, and says what was wrong. */
  #endAll() {
    for (const [key] of [...openHandles(), ...children()]) {
      if (this.before.has(key)) continue;
      if (typeof key === 'string') process.kill(Number(key), 'SIGKILL');
      else (key.destroy ?? key.close).call(key);
    }
  }

  #left() {
    const open = [...openHandles(), ...children()];
    return open.filter(([key]) => !this.before.has(key)).map(([, text]) => text);
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

/** Child processes of this process, also those that do not keep it alive. */
function children() {
  const lines = execFileSync('ps', ['-A', '-ww', '-o', 'pid=,ppid=,args='], { encoding: 'utf8' });
  const found = lines
    .split('\n')
    .map((line) => /^\s*(\d+)\s+(\d+)\s+(.*)$/u.exec(line))
    .filter((match) => match !== null && Number(match[2]) === process.pid)
    .filter((match) => !match[3].startsWith('ps -A') && !match[3].endsWith('<defunct>'));
  return new Map(
    found.map(([, pid, , command]) => [pid, `process ${pid} (${command.slice(0, 120)})`]),
  );
}
