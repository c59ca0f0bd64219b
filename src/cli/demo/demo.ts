import { Stage } from './stage.js';
import { tellStory } from './story.js';
import { Teller } from './teller.js';

/**
 * Runs the whole story against real servers.
 *
 * @returns the exit code: 0 only if every claim was checked and true
 */
export async function demo(json: boolean): Promise<number> {
  const teller = new Teller(json ? () => undefined : (line) => process.stdout.write(`${line}\n`));
  teller.chapter('Offswitch: when someone leaves, every device they hold stops working');
  teller.say('Starting PostgreSQL, Kafka, the service …');
  const stage = await Stage.set();
  const stopped = new Promise<'stopped'>((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const)
      process.once(signal, () => {
        resolve('stopped');
      });
  });
  try {
    const told = stage.startService().then(() => tellStory(stage, teller));
    const result = await Promise.race([told, stopped]);
    if (result === 'stopped') {
      told.catch(() => undefined); // it fails when the stage is cleared under it
      return 130;
    }
    teller.chapter('Every sentence above was checked.');
    if (json) process.stdout.write(`${JSON.stringify(result)}\n`);
    return 0;
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    if (json) process.stdout.write(`${JSON.stringify({ ok: false, error: message })}\n`);
    process.stderr.write(`The story is not true: ${message}\n`);
    return 1;
  } finally {
    await stage.clear();
  }
}
