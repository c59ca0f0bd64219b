export default async function globalTeardown() {
  await globalThis.offswitchCluster?.stop();
  await globalThis.offswitchRunEnds?.();
}
