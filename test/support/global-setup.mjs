import { beginRun } from './run-directory.mjs';
import './typescript.mjs';
import { compileSources } from './compiled.mjs';

/** Starts the one cluster of this test run. It is let go of in global-teardown.mjs, or by the death of this process. */
export default async function globalSetup(_, { cacheDirectory }) {
  process.env.OFFSWITCH_TEST_CACHE = cacheDirectory;
  // On Node 22 and later npm would leave one among the temporary files of each test file that runs it.
  process.env.NODE_DISABLE_COMPILE_CACHE = '1';
  globalThis.offswitchRunEnds = beginRun();
  process.env.OFFSWITCH_TEST_COMPILED = await compileSources();
  const { startCluster } = await import('./cluster.ts');
  globalThis.offswitchCluster = await startCluster();
}
