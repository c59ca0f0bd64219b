import {
  IsIn,
  IsInt,
  IsOptional,
  IsUrl,
  Matches,
  Max,
  Min,
  Validate,
  ValidateIf,
} from 'class-validator';
import { KAFKA_VARIABLES, KafkaEnvironment, saysSomethingOfKafka } from './kafka-environment.js';
import { IsKey32, IsPrivateJwks } from './secret-rules.js';

const POSTGRES_URL = /^postgres(ql)?:\/\/[^\s]+$/;
const BROKERS = /^[^\s,:]+:\d{1,5}(,[^\s,:]+:\d{1,5})*$/;

/** Whether either server is somebody else's: then nothing may be made up. */
const isExternal = (environment: Environment): boolean =>
  environment.DATABASE_URL !== undefined || environment.KAFKA_BROKERS !== undefined;

/** The variables, as they stand in the environment; each may be given as `<NAME>_FILE` instead. */
export class Environment extends KafkaEnvironment {
  @IsOptional()
  @Matches(POSTGRES_URL, { message: 'must be a postgres:// URL' })
  DATABASE_URL?: string;

  @IsOptional()
  @Matches(POSTGRES_URL, { message: 'must be a postgres:// URL' })
  DATABASE_OWNER_URL?: string;

  @ValidateIf((e: Environment) => saysSomethingOfKafka(e) || e.KAFKA_BROKERS !== undefined)
  @Matches(BROKERS, { message: 'must be host:port, several separated by commas' })
  KAFKA_BROKERS?: string;

  @ValidateIf((e: Environment) => isExternal(e) || e.OFFSWITCH_PEPPER !== undefined)
  @Validate(IsKey32)
  OFFSWITCH_PEPPER?: string;

  @ValidateIf((e: Environment) => isExternal(e) || e.OFFSWITCH_ENCRYPTION_KEY !== undefined)
  @Validate(IsKey32)
  OFFSWITCH_ENCRYPTION_KEY?: string;

  @ValidateIf((e: Environment) => isExternal(e) || e.OFFSWITCH_TOKEN_KEYS !== undefined)
  @Validate(IsPrivateJwks)
  OFFSWITCH_TOKEN_KEYS?: string;

  @ValidateIf((e: Environment) => isExternal(e) || e.OFFSWITCH_RECORD_KEYS !== undefined)
  @Validate(IsPrivateJwks)
  OFFSWITCH_RECORD_KEYS?: string;

  @ValidateIf((e: Environment) => isExternal(e) || e.OFFSWITCH_ADMIN_KEY !== undefined)
  @Matches(/^ofs_admin_[0-9a-f]{32}_[0-9A-Za-z]{49}$/, {
    message: 'must be an installation key (ofs_admin_…; `offswitch keys` makes one)',
  })
  OFFSWITCH_ADMIN_KEY?: string;

  @ValidateIf((e: Environment) => isExternal(e) || e.OFFSWITCH_ISSUER !== undefined)
  @Matches(/^[a-z][a-z0-9+.-]*:[^\s]+$/, { message: 'must be a URI' })
  OFFSWITCH_ISSUER?: string;

  @IsOptional()
  @Matches(/^[^\s]{1,200}$/, { message: 'must be one word' })
  OFFSWITCH_AUDIENCE?: string;

  @IsOptional()
  @IsUrl(
    { require_tld: false, require_protocol: true, protocols: ['http', 'https'] },
    { message: 'must be an http(s) URL' },
  )
  OFFSWITCH_PUBLIC_URL?: string;

  @IsOptional()
  @IsInt({ message: 'must be a whole number of milliseconds' })
  @Min(5_000, { message: 'must be at least 5000' })
  @Max(60_000, { message: 'must be at most 60000' })
  OFFSWITCH_STALENESS_MS?: number;

  @IsOptional()
  @IsInt({ message: 'must be a whole number of days' })
  @Min(2, { message: 'must be at least 2' })
  @Max(365, { message: 'must be at most 365' })
  OFFSWITCH_OUTBOX_DAYS?: number;

  @IsOptional()
  @IsInt({ message: 'must be a whole number of requests a second' })
  @Min(25, { message: 'must be at least 25' })
  @Max(100_000, { message: 'must be at most 100000' })
  OFFSWITCH_SCIM_RATE?: number;

  @IsOptional()
  @Matches(/^[A-Za-z0-9._-]{1,64}$/, { message: 'must be letters, digits, dots, dashes' })
  OFFSWITCH_TOPIC_PREFIX?: string;

  @IsOptional()
  @Matches(/./)
  OFFSWITCH_HOME?: string;

  @IsOptional()
  @IsIn(['debug', 'info', 'warn', 'error', 'silent'], {
    message: 'must be debug, info, warn, error or silent',
  })
  LOG_LEVEL?: 'debug' | 'info' | 'warn' | 'error' | 'silent';

  @IsOptional()
  @Matches(/^[^\s]+$/, { message: 'must be a host name or address' })
  HOST?: string;

  @IsOptional()
  @IsInt({ message: 'must be a port, 0 for any free one' })
  @Min(0, { message: 'must be a port, 0 for any free one' })
  @Max(65_535, { message: 'must be a port, 0 for any free one' })
  PORT?: number;
}

/** The variables that hold whole numbers. */
export const WHOLE_NUMBERS: readonly string[] = [
  'PORT',
  'OFFSWITCH_STALENESS_MS',
  'OFFSWITCH_OUTBOX_DAYS',
  'OFFSWITCH_SCIM_RATE',
];

/** Every variable that the service reads. */
export const VARIABLES = [
  'DATABASE_URL',
  'DATABASE_OWNER_URL',
  'KAFKA_BROKERS',
  ...KAFKA_VARIABLES,
  'OFFSWITCH_PEPPER',
  'OFFSWITCH_ENCRYPTION_KEY',
  'OFFSWITCH_TOKEN_KEYS',
  'OFFSWITCH_RECORD_KEYS',
  'OFFSWITCH_ADMIN_KEY',
  'OFFSWITCH_ISSUER',
  'OFFSWITCH_AUDIENCE',
  'OFFSWITCH_PUBLIC_URL',
  'OFFSWITCH_STALENESS_MS',
  'OFFSWITCH_OUTBOX_DAYS',
  'OFFSWITCH_SCIM_RATE',
  'OFFSWITCH_TOPIC_PREFIX',
  'OFFSWITCH_HOME',
  'LOG_LEVEL',
  'HOST',
  'PORT',
] as const satisfies readonly (keyof Environment)[];
