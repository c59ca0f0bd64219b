import { PostgresAuditLog } from '../audit/postgres/postgres-audit-log.js';
import type { AuditLog } from '../audit/index.js';
import type { Config } from '../config/config.js';
import { readConfig } from '../config/read-config.js';
import type { Transactions } from '../kernel/tx.js';
import { settle, type Settled } from '../platform/embedded/settle.js';
import { Installation } from '../platform/installation/installation.js';
import { PinoLog } from '../platform/log/pino-log.js';
import type { Log } from '../platform/log/log.js';
import { openLanes } from '../platform/postgres/lanes.js';
import { PostgresTransactions } from '../platform/postgres/postgres-transactions.js';

/** What an operator's command works with: the database and the Kafka of the service, by the same environment. */
export interface Beside {
  readonly config: Config;
  readonly settled: Settled;
  readonly transactions: Transactions;
  readonly audit: AuditLog;
  readonly installation: Installation;
  readonly log: Log;
}

/** @throws ConfigRefused, EmbeddedUnavailable, DomainError */
export async function besideService<T>(work: (beside: Beside) => Promise<T>): Promise<T> {
  const config = readConfig(process.env);
  const log = new PinoLog({ level: config.logLevel, pretty: process.stdout.isTTY });
  const settled = await settle(config, (server, file) => {
    log.error('an embedded server ended by itself', { server, file });
  });
  try {
    const lanes = await openLanes(settled.databaseUrl);
    const transactions = new PostgresTransactions(lanes);
    try {
      const installation = await transactions.read('service', (tx) =>
        Installation.of(tx, config.issuer),
      );
      const audit = new PostgresAuditLog();
      return await work({ config, settled, transactions, audit, installation, log });
    } finally {
      await Promise.all(Object.values(lanes).map((lane) => lane.destroy()));
    }
  } finally {
    await settled.release();
  }
}
