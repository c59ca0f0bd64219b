import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** Others may walk through, for the account that runs PostgreSQL, and read nothing. */
const WALK_THROUGH = 0o711;

/** A new directory in `parent`. */
export function madeIn(parent, prefix) {
  const directory = mkdtempSync(join(parent, prefix));
  chmodSync(directory, WALK_THROUGH);
  return directory;
}

/**
 * Everything that a test run writes, its servers too, lies in one directory, and so does whatever a test forgets there
 * or cannot clean up any more. A process of its own removes it when this process is gone, however that happened.
 *
 * @returns what ends the run: it resolves when nobody works in the directory any more and it is gone
 */
export function beginRun() {
  const directory = madeIn(tmpdir(), 'offswitch-test-');
  // A session of its own: Ctrl-C and a closing terminal end us, and it sees to what we leave.
  const janitor = spawn(
    process.execPath,
    [fileURLToPath(new URL('janitor.mjs', import.meta.url)), directory],
    { detached: true, stdio: ['pipe', 'ignore', 'inherit'] },
  );
  const gone = once(janitor, 'exit');
  janitor.unref();
  janitor.stdin.unref();
  // The workers of jest inherit these.
  process.env.OFFSWITCH_TEST_RUN = directory;
  process.env.TMPDIR = directory;
  return async () => {
    janitor.ref();
    janitor.stdin.end('over\n');
    await gone;
  };
}
