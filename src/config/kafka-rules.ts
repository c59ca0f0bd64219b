import { createPrivateKey, X509Certificate } from 'node:crypto';
import {
  ValidatorConstraint,
  type ValidationArguments,
  type ValidatorConstraintInterface,
} from 'class-validator';

const MECHANISMS = ['plain', 'scram-sha-256', 'scram-sha-512'] as const;
export type SaslMechanism = (typeof MECHANISMS)[number];

const MATERIAL = ['KAFKA_TLS_CA', 'KAFKA_TLS_CERT', 'KAFKA_TLS_KEY'] as const;
const materialIn = (variables: object): readonly string[] =>
  MATERIAL.filter((name) => (variables as Readonly<Record<string, unknown>>)[name] !== undefined);

/** True or false; only true beside what makes no sense without. */
@ValidatorConstraint({ name: 'tlsSwitch' })
export class IsTlsSwitch implements ValidatorConstraintInterface {
  validate(value: unknown, { object }: ValidationArguments): boolean {
    return value === 'true' || (value === 'false' && materialIn(object).length === 0);
  }

  defaultMessage({ object }: ValidationArguments): string {
    const [given] = materialIn(object);
    return given === undefined ? 'must be true or false' : `must be true with ${given}`;
  }
}

@ValidatorConstraint({ name: 'saslMechanism' })
export class IsSaslMechanism implements ValidatorConstraintInterface {
  validate(value: unknown): boolean {
    return (MECHANISMS as readonly unknown[]).includes(value);
  }

  defaultMessage({ value }: ValidationArguments): string {
    return value === undefined
      ? 'is required with KAFKA_SASL_USERNAME and KAFKA_SASL_PASSWORD'
      : `must be ${MECHANISMS.slice(0, -1).join(', ')} or ${MECHANISMS.at(-1)}`;
  }
}

const succeeds = (deed: () => unknown): boolean => {
  try {
    deed();
    return true;
  } catch {
    return false;
  }
};

@ValidatorConstraint({ name: 'certificate' })
export class IsCertificate implements ValidatorConstraintInterface {
  validate(value: unknown): boolean {
    return typeof value === 'string' && succeeds(() => new X509Certificate(value));
  }

  defaultMessage({ value }: ValidationArguments): string {
    return value === undefined
      ? 'is required with KAFKA_TLS_KEY'
      : 'must be certificates in PEM; <NAME>_FILE takes the path of a file';
  }
}

@ValidatorConstraint({ name: 'privateKey' })
export class IsPrivateKey implements ValidatorConstraintInterface {
  validate(value: unknown): boolean {
    return typeof value === 'string' && succeeds(() => createPrivateKey(value));
  }

  defaultMessage({ value }: ValidationArguments): string {
    return value === undefined
      ? 'is required with KAFKA_TLS_CERT'
      : 'must be a private key in PEM, without a passphrase';
  }
}
