import { randomBytes } from 'node:crypto';
import { chmod, mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import pg from 'pg';
import type { Config, KafkaConfig, ServiceSecrets } from '../../config/config.js';
import { newId } from '../../kernel/ids.js';
import { Secret } from '../../kernel/secret.js';
import { OpaqueSecrets } from '../crypto/opaque-secrets.js';
import { generatePrivateJwks } from '../crypto/private-jwks.js';
import { migratePrivileged } from '../postgres/migrate.js';
import { startEmbedded } from './start-embedded.js';

/** The configuration with nothing left open: every server is there, every secret is known. */
export interface Settled {
  readonly databaseUrl: Secret;
  readonly kafka: KafkaConfig;
  readonly secrets: ServiceSecrets;
  /** Lets go of the embedded servers; they end unless another process holds them too. */
  readonly release: () => Promise<void>;
}

const DATABASE = 'offswitch';

/** What the home keeps between starts, mode 600. */
interface Kept {
  readonly pepper: string;
  readonly encryptionKey: string;
  readonly tokenKeys: string;
  readonly recordKeys: string;
  readonly adminKey: string;
  readonly ownerPassword: string;
  readonly servicePassword: string;
  readonly auditorPassword: string;
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
  const kept =
    config.secrets === null || config.database === null ? await keptIn(config.home) : null;
  const embedded =
    config.database !== null && config.kafka !== null
      ? null
      : await startEmbedded({
          home: config.home,
          postgres: config.database === null,
          kafka: config.kafka === null,
          onExit,
        });
  try {
    return {
      databaseUrl:
        config.database?.url ??
        (await embeddedDatabase(embedded?.databaseSuperuserUrl ?? '', kept)),
      kafka: config.kafka ?? {
        brokers: (embedded?.kafkaBrokers ?? '').split(','),
        tls: false,
        sasl: null,
      },
      secrets: config.secrets ?? secretsOf(kept),
      release: async () => {
        await embedded?.stop();
      },
    };
  } catch (error) {
    await embedded?.stop();
    throw error;
  }
}

/** The service's database in the embedded cluster, migrated, and the address of the service's own role. */
async function embeddedDatabase(superuserUrl: string, kept: Kept | null): Promise<Secret> {
  if (kept === null) throw new TypeError('the embedded database needs the secrets of its home');
  const url = new URL(superuserUrl);
  await createDatabase(url.href);
  url.pathname = `/${DATABASE}`;
  await migratePrivileged({
    url: url.href,
    owner: 'offswitch_owner',
    logins: {
      offswitch_owner: kept.ownerPassword,
      offswitch_service: kept.servicePassword,
      offswitch_auditor: kept.auditorPassword,
    },
  });
  url.username = 'offswitch_service';
  url.password = kept.servicePassword;
  return new Secret(url.href);
}

async function createDatabase(url: string): Promise<void> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    const { rowCount } = await client.query('select from pg_database where datname = $1', [
      DATABASE,
    ]);
    if (rowCount === 0) await client.query(`create database ${DATABASE}`);
  } finally {
    await client.end();
  }
}

/** The secrets of a home; the first start makes them. */
async function keptIn(home: string): Promise<Kept> {
  await mkdir(home, { recursive: true });
  await chmod(home, 0o700);
  const file = join(home, 'secrets.json');
  try {
    return JSON.parse(await readFile(file, 'utf8')) as Kept;
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'ENOENT')) throw error;
  }
  const made = madeSecrets();
  // A crash while writing must not leave half a file: the new one takes its name when it is whole.
  const draft = `${file}.${randomBytes(4).toString('hex')}`;
  await writeFile(draft, JSON.stringify(made, null, 2), { mode: 0o600 });
  await rename(draft, file);
  return made;
}

function madeSecrets(): Kept {
  const pepper = randomBytes(32);
  const password = () => randomBytes(24).toString('base64url');
  return {
    pepper: pepper.toString('base64'),
    encryptionKey: randomBytes(32).toString('base64'),
    tokenKeys: JSON.stringify(generatePrivateJwks()),
    recordKeys: JSON.stringify(generatePrivateJwks()),
    adminKey: new OpaqueSecrets(pepper).mint('admin', newId()).text.reveal(),
    ownerPassword: password(),
    servicePassword: password(),
    auditorPassword: password(),
  };
}

function secretsOf(kept: Kept | null): ServiceSecrets {
  if (kept === null) throw new TypeError('the home keeps no secrets');
  return {
    pepper: new Secret(kept.pepper),
    encryptionKey: new Secret(kept.encryptionKey),
    tokenKeys: new Secret(kept.tokenKeys),
    recordKeys: new Secret(kept.recordKeys),
    adminKey: new Secret(kept.adminKey),
  };
}
