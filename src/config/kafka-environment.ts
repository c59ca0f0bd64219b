import { Matches, Validate, ValidateIf } from 'class-validator';
import { Secret } from '../kernel/secret.js';
import type { KafkaConfig } from './config.js';
import {
  IsCertificate,
  IsPrivateKey,
  IsSaslMechanism,
  IsTlsSwitch,
  type SaslMechanism,
} from './kafka-rules.js';

const ofTls = (e: KafkaEnvironment): boolean =>
  [e.KAFKA_TLS, e.KAFKA_TLS_CA, e.KAFKA_TLS_CERT, e.KAFKA_TLS_KEY].some(isSet);
const ofSasl = (e: KafkaEnvironment): boolean =>
  [e.KAFKA_SASL_MECHANISM, e.KAFKA_SASL_USERNAME, e.KAFKA_SASL_PASSWORD].some(isSet);
const isSet = (value: unknown): boolean => value !== undefined;

/**
 * How to reach the brokers of somebody else, for the service and the gateways. Half of a setting is refused: what
 * was meant to be encrypted must not travel in the clear because a line is missing.
 */
export class KafkaEnvironment {
  @ValidateIf(ofTls)
  @Validate(IsTlsSwitch)
  KAFKA_TLS?: string;

  @ValidateIf((e: KafkaEnvironment) => isSet(e.KAFKA_TLS_CA))
  @Validate(IsCertificate)
  KAFKA_TLS_CA?: string;

  @ValidateIf((e: KafkaEnvironment) => isSet(e.KAFKA_TLS_CERT) || isSet(e.KAFKA_TLS_KEY))
  @Validate(IsCertificate)
  KAFKA_TLS_CERT?: string;

  @ValidateIf((e: KafkaEnvironment) => isSet(e.KAFKA_TLS_CERT) || isSet(e.KAFKA_TLS_KEY))
  @Validate(IsPrivateKey)
  KAFKA_TLS_KEY?: string;

  @ValidateIf(ofSasl)
  @Validate(IsSaslMechanism)
  KAFKA_SASL_MECHANISM?: SaslMechanism;

  @ValidateIf(ofSasl)
  @Matches(/./, { message: 'is required with KAFKA_SASL_MECHANISM' })
  KAFKA_SASL_USERNAME?: string;

  @ValidateIf(ofSasl)
  @Matches(/./, { message: 'is required with KAFKA_SASL_MECHANISM' })
  KAFKA_SASL_PASSWORD?: string;
}

export const KAFKA_VARIABLES = [
  'KAFKA_TLS',
  'KAFKA_TLS_CA',
  'KAFKA_TLS_CERT',
  'KAFKA_TLS_KEY',
  'KAFKA_SASL_MECHANISM',
  'KAFKA_SASL_USERNAME',
  'KAFKA_SASL_PASSWORD',
] as const satisfies readonly (keyof KafkaEnvironment)[];

/** Whether anything is said about brokers of somebody else. */
export const saysSomethingOfKafka = (environment: KafkaEnvironment): boolean =>
  ofTls(environment) || ofSasl(environment);

export const kafkaOf = (environment: KafkaEnvironment, brokers: string): KafkaConfig => ({
  brokers: brokers.split(','),
  tls: tlsOf(environment),
  sasl: saslOf(environment),
});

function tlsOf(environment: KafkaEnvironment): KafkaConfig['tls'] {
  const {
    KAFKA_TLS,
    KAFKA_TLS_CA: ca = null,
    KAFKA_TLS_CERT: certificate = null,
    KAFKA_TLS_KEY: key,
  } = environment;
  if (KAFKA_TLS !== 'true') return false;
  if (ca === null && certificate === null) return true;
  return { ca, certificate, key: key === undefined ? null : new Secret(key) };
}

function saslOf({
  KAFKA_SASL_MECHANISM: mechanism,
  KAFKA_SASL_USERNAME: username = '',
  KAFKA_SASL_PASSWORD: password = '',
}: KafkaEnvironment): KafkaConfig['sasl'] {
  return mechanism === undefined ? null : { mechanism, username, password: new Secret(password) };
}
