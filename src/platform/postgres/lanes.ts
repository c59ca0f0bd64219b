import { DataSource, type DataSourceOptions } from 'typeorm';
import type { Lane } from '../../kernel/tx.js';
import type { Secret } from '../../kernel/secret.js';
import type { DatabaseGuard } from './database-guard.js';

/** How many connections each lane may hold. Revocations never queue behind anything else (P8). */
export const CONNECTIONS: Readonly<Record<Lane, number>> = {
  deprovision: 8,
  doors: 4,
  service: 10,
  background: 4,
  introspection: 4,
};

export const LANES = [
  'deprovision',
  'doors',
  'service',
  'background',
  'introspection',
] as const satisfies readonly Lane[];

/** Somebody's request waits at a gateway for an introspection: late is the same as never. */
const CONNECT_MS: Readonly<Record<Lane, number>> = {
  deprovision: 3_000,
  doors: 3_000,
  service: 3_000,
  background: 3_000,
  introspection: 1_000,
};

/** Longer than the server's own limits, so that the server's answer comes first whenever it can give one. */
const SILENCE_MS = 12_000;

/** The data source of one lane. Every wait has an end: a caller hears 503 rather than nothing. */
export const laneOptions = (
  lane: Lane,
  url: Secret,
  guard: DatabaseGuard | null,
): DataSourceOptions => ({
  type: 'postgres',
  url: url.reveal(),
  applicationName: `offswitch ${lane}`,
  poolSize: CONNECTIONS[lane],
  connectTimeoutMS: CONNECT_MS[lane],
  extra: {
    keepAlive: true,
    pipeline: true,
    statement_timeout: 10_000,
    // The server's own limits say nothing while the server itself stands still.
    query_timeout: SILENCE_MS,
    lock_timeout: 8_000,
    idle_in_transaction_session_timeout: 15_000,
    ...(guard && { onConnect: guard.admit }),
  },
});

/** A server that is busy may be late for one connection; one that refuses is told of at once. */
const TRIES = 4;

/** Opens every lane. */
export async function openLanes(
  url: Secret,
  guard: DatabaseGuard | null = null,
): Promise<Readonly<Record<Lane, DataSource>>> {
  const opening = await Promise.allSettled(LANES.map((lane) => open(lane, url, guard)));
  const sources = opening.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : []));
  const failed = opening.find((one) => one.status === 'rejected');
  if (failed === undefined) return byLane(sources);
  await Promise.all(sources.map((source) => source.destroy()));
  throw failed.reason;
}

async function open(lane: Lane, url: Secret, guard: DatabaseGuard | null): Promise<DataSource> {
  for (let tries = 1; ; tries += 1)
    try {
      return await new DataSource(laneOptions(lane, url, guard)).initialize();
    } catch (error) {
      if (tries === TRIES || !/timeout/iu.test(String(error))) throw error;
    }
}

/** @param sources in the order of {@link LANES} */
export const byLane = (sources: readonly DataSource[]): Readonly<Record<Lane, DataSource>> =>
  Object.fromEntries(LANES.map((lane, i) => [lane, sources[i]])) as Record<Lane, DataSource>;
