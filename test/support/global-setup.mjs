import { beginRun } from './run-directory.mjs';
import './typescript.mjs';

/** Starts the one cluster of this test run. It is let go of in global-teardown.mjs, or by the death of this process. */
export default async function globalSetup() {
  globalThis.offswitchRunEnds = beginRun();
  const { startCluster } = await import('./cluster.ts');
  globalThis.offswitchCluster = await startCluster();
}
