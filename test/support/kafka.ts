import { randomBytes } from 'node:crypto';
import { startEmbedded } from '../../src/platform/embedded/start-embedded.js';
import { supervisorProgram } from './from-source.js';

/**
 * The broker of this test run, `127.0.0.1:port`. The first one who asks starts it; the run keeps it. Topics on it are
 * shared by all test files: give each its own with `topicPrefix()`, or take a private broker (private-servers.ts).
 */
export async function kafkaBrokers(): Promise<string> {
  const home = process.env['OFFSWITCH_TEST_HOME'];
  if (home === undefined)
    throw new Error('Run tests by jest: its global setup starts the servers.');
  const joined = await startEmbedded({
    home,
    postgres: false,
    kafka: true,
    supervisor: supervisorProgram(),
  });
  await joined.stop();
  return joined.kafkaBrokers!;
}

/** Put before every topic name of a test file: `test-1f….offswitch.revocations.v1`. */
export const topicPrefix = (): string => `test-${randomBytes(6).toString('hex')}.`;
