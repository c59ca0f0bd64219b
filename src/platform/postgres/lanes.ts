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

/** Opens every lane. */
export async function openLanes(
  url: Secret,
  guard: DatabaseGuard | null = null,
): Promise<Readonly<Record<Lane, DataSource>>> {
  const [deprovision, doors, service, background, introspection] = await Promise.all([
    new DataSource(laneOptions('deprovision', url, guard)).initialize(),
    new DataSource(laneOptions('doors', url, guard)).initialize(),
    new DataSource(laneOptions('service', url, guard)).initialize(),
    new DataSource(laneOptions('background', url, guard)).initialize(),
    new DataSource(laneOptions('introspection', url, guard)).initialize(),
  ]);
  return { deprovision, doors, service, background, introspection };
}
