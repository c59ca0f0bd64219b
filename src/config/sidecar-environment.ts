import { IsIn, IsOptional, IsUrl, Matches, ValidateIf } from 'class-validator';
import { POLICIES, type Policy } from '../contract/lease.js';
import { KAFKA_VARIABLES, KafkaEnvironment, saysSomethingOfKafka } from './kafka-environment.js';

const BROKERS = /^[^\s,:]+:\d{1,5}(,[^\s,:]+:\d{1,5})*$/;

/** The kernel takes a path of a hundred-odd bytes. */
const ADDRESS = /^(?:unix:[^\0]{1,100}|(?:\[[0-9a-fA-F:.]+\]|[^\s:[\]]+):\d{1,5})$/;
const SOURCES = ['kafka', 'http', 'chained'] as const;
/** Which way revocations come. */
export type Source = (typeof SOURCES)[number];

const FOREIGN_TOKENS = ['accept', 'refuse'] as const;
/** Whether tokens of registered issuers are let in beside ours. */
export type ForeignTokens = (typeof FOREIGN_TOKENS)[number];

/** What a sidecar is told, by variables (each may be given as `<NAME>_FILE` instead) and by its command line. */
export class SidecarEnvironment extends KafkaEnvironment {
  @IsOptional()
  @IsUrl(
    { require_tld: false, require_protocol: true, protocols: ['http', 'https'] },
    { message: 'must be an http(s) URL' },
  )
  OFFSWITCH_URL?: string;

  @ValidateIf((e: SidecarEnvironment) => isAway(e) || e.OFFSWITCH_GATEWAY_KEY !== undefined)
  @Matches(/^ofs_gateway_[0-9A-Za-z_]+$/, { message: 'must be a gateway key (ofs_gateway_…)' })
  OFFSWITCH_GATEWAY_KEY?: string;

  @ValidateIf(
    (e: SidecarEnvironment) =>
      needsBrokers(e) || saysSomethingOfKafka(e) || e.KAFKA_BROKERS !== undefined,
  )
  @Matches(BROKERS, { message: 'must be host:port, several separated by commas' })
  KAFKA_BROKERS?: string;

  @IsOptional()
  @Matches(/./)
  OFFSWITCH_HOME?: string;

  @IsOptional()
  @Matches(/^\d{1,4}$/, { message: 'must be seconds, 0 to 9999' })
  OFFSWITCH_KEEP_VIEW_S?: string;

  @IsOptional()
  @IsIn(['debug', 'info', 'warn', 'error', 'silent'], {
    message: 'must be debug, info, warn, error or silent',
  })
  LOG_LEVEL?: 'debug' | 'info' | 'warn' | 'error' | 'silent';

  @IsOptional()
  @Matches(ADDRESS, { message: 'must be host:port or unix:path' })
  listen?: string;

  @IsOptional()
  @Matches(ADDRESS, { message: 'must be host:port or unix:path' })
  'ext-authz'?: string;

  @IsOptional()
  @Matches(/^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/, {
    message: 'must be letters, digits, dots, dashes',
  })
  id?: string;

  @IsOptional()
  @IsIn(POLICIES, { message: `must be ${POLICIES.join(', ')}` })
  policy?: Policy;

  @IsOptional()
  @IsIn(FOREIGN_TOKENS, { message: `must be ${FOREIGN_TOKENS.join(', ')}` })
  'foreign-tokens'?: ForeignTokens;

  @IsOptional()
  @IsIn(SOURCES, { message: `must be ${SOURCES.join(', ')}` })
  source?: Source;
}

/** Whether the service is another machine's: then nothing can be found in a home. */
const isAway = (environment: SidecarEnvironment): boolean =>
  environment.OFFSWITCH_URL !== undefined;

/** A service that is away is asked over HTTP; where the brokers are must be said, unless nobody follows them. */
const needsBrokers = (environment: SidecarEnvironment): boolean =>
  isAway(environment) && environment.source !== 'http';

export const SIDECAR_VARIABLES = [
  'OFFSWITCH_URL',
  'OFFSWITCH_GATEWAY_KEY',
  'KAFKA_BROKERS',
  ...KAFKA_VARIABLES,
  'OFFSWITCH_HOME',
  'OFFSWITCH_KEEP_VIEW_S',
  'LOG_LEVEL',
] as const satisfies readonly (keyof SidecarEnvironment)[];
