/**
 * A process that holds embedded servers, for the tests that kill it. Prints what it got as one JSON line. On SIGINT it
 * drains as the service does: it asks its database once more, a while later, says so, and lets go.
 */
import pg from 'pg';
import { type EmbeddedOptions, startEmbedded } from '../../src/platform/embedded/start-embedded.js';

const say = (word: unknown): void => {
  process.stdout.write(`${JSON.stringify(word)}\n`);
};

try {
  const options = JSON.parse(process.argv[2]!) as EmbeddedOptions;
  const embedded = await startEmbedded(options);
  const alive = setInterval(() => undefined, 1_000);
  process.once('SIGINT', () => {
    setTimeout(() => {
      void drain();
    }, 500);
  });
  const drain = async (): Promise<void> => {
    const client = new pg.Client({ connectionString: embedded.databaseSuperuserUrl! });
    await client.connect();
    await client.query('select 1');
    await client.end();
    say('drained');
    await embedded.stop();
    say('stopped');
    clearInterval(alive);
  };
  // Whoever reads this may end us at once.
  say(embedded);
} catch (error) {
  say({ failed: (error as Error).message });
}
