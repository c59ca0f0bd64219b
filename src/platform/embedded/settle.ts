import type { Config, KafkaConfig, ServiceSecrets } from '../../config/config.js';
import { Secret } from '../../kernel/secret.js';
import { embeddedDatabase } from './embedded-database.js';
import { secretsIn, type HomeSecrets } from './home-secrets.js';
import { startEmbedded } from './start-embedded.js';

/** The configuration with nothing left open: every server is there, every secret is known. */
export interface Settled {
  readonly databaseUrl: Secret;
  readonly kafka: KafkaConfig;
  readonly secrets: ServiceSecrets;
  /** The key of the gateway that is there from the first start; null when nothing was left to us. */
  readonly gatewayKey: Secret | null;
  /** Lets go of the embedded servers; they end unless another process holds them too. */
  readonly release: () => Promise<void>;
}

/**
 * Starts what the environment left to us, and makes its secrets once.
 *
 * @throws EmbeddedUnavailable when a server cannot be started; the message names the ways out
 */
export async function settle(
  config: Config,
  onExit: (server: string, log: string) => void,
): Promise<Settled> {
  if (config.database !== null && config.kafka !== null && config.secrets !== null)
    return {
      databaseUrl: config.database.url,
      kafka: config.kafka,
      secrets: config.secrets,
      gatewayKey: null,
      release: () => Promise.resolve(),
    };
  const kept = await secretsIn(config.home);
  const embedded = await startEmbedded({
    home: config.home,
    postgres: config.database === null,
    kafka: config.kafka === null,
    onExit,
  });
  try {
    return {
      databaseUrl:
        config.database?.url ?? (await embeddedDatabase(embedded.databaseSuperuserUrl ?? '', kept)),
      kafka: config.kafka ?? { brokers: [embedded.kafkaBrokers ?? ''], tls: false, sasl: null },
      secrets: config.secrets ?? secretsOf(kept),
      gatewayKey: config.secrets === null ? new Secret(kept.gatewayKey) : null,
      release: () => embedded.stop(),
    };
  } catch (error) {
    await embedded.stop();
    throw error;
  }
}

const secretsOf = (kept: HomeSecrets): ServiceSecrets => ({
  pepper: new Secret(kept.pepper),
  encryptionKey: new Secret(kept.encryptionKey),
  tokenKeys: new Secret(kept.tokenKeys),
  recordKeys: new Secret(kept.recordKeys),
  adminKey: new Secret(kept.adminKey),
});
