import { resolve } from 'node:path';
import { validateSync } from 'class-validator';
import { Secret } from '../kernel/secret.js';
import { ConfigRefused, type Config, type ServiceSecrets } from './config.js';
import { Environment, VARIABLES, WHOLE_NUMBERS } from './environment.js';
import { kafkaOf } from './kafka-environment.js';
import { SCIM_RATE } from './service-config.js';
import { textOf, type EnvironmentVariables } from './variables.js';

/**
 * Reads the environment once.
 *
 * @throws ConfigRefused with every problem at once
 */
export function readConfig(variables: EnvironmentVariables): Config {
  const problems: string[] = [];
  const environment = Object.assign(new Environment(), collect(variables, problems));
  for (const { property, constraints, value } of validateSync(environment, {
    stopAtFirstError: true,
  })) {
    const rule = Object.values(constraints ?? {}).join(', ');
    problems.push(`${property}: ${value === undefined ? `is not set; ${rule}` : rule}`);
  }
  if (problems.length > 0) throw new ConfigRefused(problems);
  return deepFreeze({
    http: { host: environment.HOST ?? '127.0.0.1', port: environment.PORT ?? 8420 },
    home: resolve(environment.OFFSWITCH_HOME ?? '.offswitch'),
    database: databaseOf(environment),
    kafka:
      environment.KAFKA_BROKERS === undefined
        ? null
        : kafkaOf(environment, environment.KAFKA_BROKERS),
    secrets: secretsOf(environment),
    issuer: environment.OFFSWITCH_ISSUER ?? null,
    audience: environment.OFFSWITCH_AUDIENCE ?? 'offswitch',
    publicUrl: environment.OFFSWITCH_PUBLIC_URL?.replace(/\/+$/, '') ?? null,
    stalenessMs: environment.OFFSWITCH_STALENESS_MS ?? 10_000,
    // One day longer than the topic keeps them.
    outboxDays: environment.OFFSWITCH_OUTBOX_DAYS ?? 8,
    scimRate: environment.OFFSWITCH_SCIM_RATE ?? SCIM_RATE,
    topicPrefix: environment.OFFSWITCH_TOPIC_PREFIX ?? '',
    logLevel: environment.LOG_LEVEL ?? 'info',
  });
}

/** The variables that are set, from their files where `<NAME>_FILE` names one. An empty one counts as unset. */
function collect(
  variables: EnvironmentVariables,
  problems: string[],
): Record<string, string | number> {
  const found: Record<string, string | number> = {};
  for (const name of VARIABLES) {
    const text = textOf(variables, name, problems);
    if (text === undefined || text === '') continue;
    found[name] = WHOLE_NUMBERS.includes(name) && /^\d{1,9}$/.test(text) ? Number(text) : text;
  }
  return found;
}

function databaseOf(environment: Environment): Config['database'] {
  if (environment.DATABASE_URL === undefined) return null;
  return {
    url: new Secret(environment.DATABASE_URL),
  };
}

/** All of them or none: with both servers embedded they are made once instead. */
function secretsOf(environment: Environment): ServiceSecrets | null {
  const {
    OFFSWITCH_PEPPER: pepper,
    OFFSWITCH_ENCRYPTION_KEY: encryptionKey,
    OFFSWITCH_TOKEN_KEYS: tokenKeys,
    OFFSWITCH_RECORD_KEYS: recordKeys,
    OFFSWITCH_ADMIN_KEY: adminKey,
  } = environment;
  const given = { pepper, encryptionKey, tokenKeys, recordKeys, adminKey };
  const missing = Object.entries(given).filter(([, value]) => value === undefined);
  if (missing.length === Object.keys(given).length) return null;
  if (missing.length > 0)
    throw new ConfigRefused([
      'OFFSWITCH_PEPPER, OFFSWITCH_ENCRYPTION_KEY, OFFSWITCH_TOKEN_KEYS, OFFSWITCH_RECORD_KEYS, OFFSWITCH_ADMIN_KEY: set all of them or none',
    ]);
  return {
    pepper: new Secret(pepper ?? ''),
    encryptionKey: new Secret(encryptionKey ?? ''),
    tokenKeys: new Secret(tokenKeys ?? ''),
    recordKeys: new Secret(recordKeys ?? ''),
    adminKey: new Secret(adminKey ?? ''),
  };
}

function deepFreeze<T extends object>(value: T): T {
  for (const part of Object.values(value) as unknown[])
    if (typeof part === 'object' && part !== null) deepFreeze(part);
  return Object.freeze(value);
}
