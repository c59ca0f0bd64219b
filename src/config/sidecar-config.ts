import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { validateSync } from 'class-validator';
import type { Policy } from '../contract/lease.js';
import { Secret } from '../kernel/secret.js';
import { ConfigRefused, type Config, type KafkaConfig } from './config.js';
import {
  SIDECAR_VARIABLES,
  SidecarEnvironment,
  type ForeignTokens,
  type Source,
} from './sidecar-environment.js';
import { kafkaOf } from './kafka-environment.js';
import { textOf, type EnvironmentVariables } from './variables.js';

/** TCP, or a Unix socket. */
export type Address = { readonly host: string; readonly port: number } | { readonly path: string };

export interface SidecarConfig {
  readonly listen: Address;
  /** For Envoy's gRPC checks. */
  readonly extAuthz: Address | undefined;
  readonly id: string;
  readonly policy: Policy;
  readonly service: { readonly url: string; readonly key: Secret };
  readonly kafka: KafkaConfig;
  readonly source: Source;
  readonly foreignTokens: ForeignTokens;
  readonly home: string;
  readonly keepViewMs: number;
  readonly logLevel: Config['logLevel'];
}

/** As they stand on the command line, without their dashes. */
export interface SidecarFlags {
  readonly listen?: string;
  readonly 'ext-authz'?: string;
  readonly id?: string;
  readonly policy?: string;
  readonly source?: string;
  readonly 'foreign-tokens'?: string;
}

const UNIX = 'unix:';
const KEEP_VIEW_S = 10;

interface Local {
  readonly url?: string;
  readonly gatewayKey?: string;
  readonly kafkaBrokers?: string;
}

/**
 * Reads environment and command line once. Without `OFFSWITCH_URL` the service is the one that was started in the
 * home and says in `local.json` where it is; what is set wins over what stands there.
 *
 * @throws ConfigRefused with every problem at once
 */
export function readSidecarConfig(
  variables: EnvironmentVariables,
  flags: SidecarFlags = {},
): SidecarConfig {
  const problems: string[] = [];
  const found: Record<string, string> = {};
  for (const name of SIDECAR_VARIABLES) {
    const text = textOf(variables, name, problems);
    if (text !== undefined && text !== '') found[name] = text;
  }
  const environment = Object.assign(new SidecarEnvironment(), found, flags);
  for (const { property, constraints } of validateSync(environment, { stopAtFirstError: true })) {
    const name = property in flags ? `--${property}` : property;
    problems.push(`${name}: ${Object.values(constraints ?? {}).join(', ')}`);
  }
  const { listen = '127.0.0.1:8421', 'ext-authz': checks } = environment;
  const addresses = {
    listen: addressOf(listen),
    extAuthz: checks === undefined ? undefined : addressOf(checks),
  };
  if (hasNoSuchPort(addresses.listen)) problems.push('--listen: has no such port');
  if (hasNoSuchPort(addresses.extAuthz)) problems.push('--ext-authz: has no such port');
  const home = resolve(environment.OFFSWITCH_HOME ?? '.offswitch');
  const local = environment.OFFSWITCH_URL === undefined ? localIn(home, problems) : {};
  if (problems.length > 0) throw new ConfigRefused(problems);
  return {
    ...addresses,
    id: environment.id ?? 'gateway',
    policy: environment.policy ?? 'strict',
    source: environment.source ?? 'chained',
    foreignTokens: environment['foreign-tokens'] ?? 'refuse',
    service: {
      url: environment.OFFSWITCH_URL ?? local.url ?? '',
      key: new Secret(environment.OFFSWITCH_GATEWAY_KEY ?? local.gatewayKey ?? ''),
    },
    kafka: kafkaOf(environment, environment.KAFKA_BROKERS ?? local.kafkaBrokers ?? ''),
    home,
    keepViewMs: 1000 * Number(environment.OFFSWITCH_KEEP_VIEW_S ?? KEEP_VIEW_S),
    logLevel: environment.LOG_LEVEL ?? 'info',
  };
}

function localIn(home: string, problems: string[]): Local {
  try {
    const local = JSON.parse(readFileSync(join(home, 'local.json'), 'utf8')) as Local;
    if (local.url && local.gatewayKey && local.kafkaBrokers) return local;
  } catch {
    // Said below: to whoever starts a gateway the reason does not matter.
  }
  problems.push(
    'OFFSWITCH_URL: is not set, and no service has been started in OFFSWITCH_HOME (its local.json cannot be read)',
  );
  return {};
}

function addressOf(text: string): Address {
  if (text.startsWith(UNIX)) return { path: resolve(text.slice(UNIX.length)) };
  const colon = text.lastIndexOf(':');
  const host = text.slice(0, colon).replace(/^\[(.*)\]$/, '$1');
  return { host, port: Number(text.slice(colon + 1)) };
}

const hasNoSuchPort = (address: Address | undefined): boolean =>
  address !== undefined && 'port' in address && address.port > 65_535;
