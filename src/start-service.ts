import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { AppModule } from './app.module.js';
import type { Config } from './config/config.js';
import { ServiceConfig } from './config/service-config.js';
import { topicsWith } from './contract/topics.js';
import { createApp } from './create-app.js';
import { DomainError } from './kernel/domain-error.js';
import type { Secret } from './kernel/secret.js';
import type { CryptoSettings } from './platform/crypto/crypto.module.js';
import type { PrivateJwks } from './platform/crypto/private-jwks.js';
import type { Settled } from './platform/embedded/settle.js';
import { Installation } from './platform/installation/installation.js';
import { seeServer } from './platform/installation/postgres/see-server.js';
import type { Log } from './platform/log/log.js';
import { openLanes } from './platform/postgres/lanes.js';
import { preconditions } from './platform/postgres/preconditions.js';
import { PostgresTransactions } from './platform/postgres/postgres-transactions.js';
import { standingOf } from './platform/postgres/server-identity.js';

/** A service that listens. */
export interface Service {
  readonly url: string;
  readonly app: NestFastifyApplication;
  /** Lets answers under way finish, stops the rooms, closes the pools. */
  readonly close: () => Promise<void>;
}

/**
 * Checks the database, puts the rooms together and listens.
 *
 * @throws DomainError when the database does not fit the code
 */
export async function startService(config: Config, settled: Settled, log: Log): Promise<Service> {
  const installation = await inspect(config, settled.databaseUrl, log);
  const app = await createApp(
    AppModule.in({
      databaseUrl: settled.databaseUrl,
      crypto: cryptoOf(settled),
      installation,
      log,
      config: new ServiceConfig({
        kafka: settled.kafka,
        topics: topicsWith(config.topicPrefix),
        audience: config.audience,
        stalenessMs: config.stalenessMs,
        outboxDays: config.outboxDays,
        scimRate: config.scimRate,
        adminKey: settled.secrets.adminKey,
        gatewayKey: settled.gatewayKey,
        publicUrl: config.publicUrl,
      }),
    }),
    { log },
  );
  await app.listen(config.http.port, config.http.host);
  return { url: config.publicUrl ?? (await app.getUrl()), app, close: () => app.close() };
}

async function inspect(config: Config, url: Secret, log: Log): Promise<Installation> {
  const lanes = await openLanes(url);
  try {
    const transactions = new PostgresTransactions(lanes);
    const { warnings } = await preconditions(transactions);
    for (const warning of warnings) log.warn(warning);
    const sight = await transactions.read('service', seeServer);
    const standing = sight && standingOf(sight, null);
    if (standing?.kind === 'lost')
      throw new DomainError(
        'store.recovery_needed',
        `the database may have forgotten revocations (${standing.why}): run \`offswitch recover\``,
      );
    return await transactions.read('service', (tx) => Installation.of(tx, config.issuer));
  } finally {
    await Promise.all(Object.values(lanes).map((lane) => lane.destroy()));
  }
}

const cryptoOf = ({ secrets }: Settled): CryptoSettings => ({
  pepper: Buffer.from(secrets.pepper.reveal(), 'base64'),
  encryptionKey: Buffer.from(secrets.encryptionKey.reveal(), 'base64'),
  tokenKeys: JSON.parse(secrets.tokenKeys.reveal()) as PrivateJwks,
  recordKeys: JSON.parse(secrets.recordKeys.reveal()) as PrivateJwks,
});
