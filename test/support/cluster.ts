import { type Embedded, startEmbedded } from '../../src/platform/embedded/start-embedded.js';
import { keepBrokerClasses } from './broker-classes.js';
import { supervisorProgram } from './from-source.js';
import { makeTemplate } from './template-database.js';

/** Nothing that a test run writes is worth a wait for the disk. A commit still reaches the WAL before it answers. */
const HASTY = { fsync: 'off', full_page_writes: 'off' };

/** PostgreSQL with a migrated template database, in a temporary home; Kafka joins when a test asks for it. */
export async function startCluster(): Promise<Embedded> {
  const cluster = await startEmbedded({
    home: null,
    postgres: true,
    kafka: false,
    postgresSettings: HASTY,
    supervisor: supervisorProgram(),
  });
  try {
    await Promise.all([makeTemplate(cluster.databaseSuperuserUrl!), keepBrokerClasses()]);
  } catch (error) {
    await cluster.stop();
    throw error;
  }
  // The workers of jest inherit these.
  process.env['OFFSWITCH_TEST_HOME'] = cluster.home;
  process.env['OFFSWITCH_TEST_DATABASE_URL'] = cluster.databaseSuperuserUrl!;
  return cluster;
}
