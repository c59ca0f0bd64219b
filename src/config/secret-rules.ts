import { ValidatorConstraint, type ValidatorConstraintInterface } from 'class-validator';

/** Fewer different bytes than this among 32 is no key that anybody drew by chance. */
const LEAST_DIFFERENT_BYTES = 12;

@ValidatorConstraint({ name: 'key32' })
export class IsKey32 implements ValidatorConstraintInterface {
  validate(value: unknown): boolean {
    if (typeof value !== 'string' || !/^[A-Za-z0-9+/_-]{43}=?$/.test(value)) return false;
    const bytes = Buffer.from(value, 'base64');
    return bytes.length === 32 && new Set(bytes).size >= LEAST_DIFFERENT_BYTES;
  }

  defaultMessage(): string {
    return 'must be 32 random bytes in base64';
  }
}

@ValidatorConstraint({ name: 'privateJwks' })
export class IsPrivateJwks implements ValidatorConstraintInterface {
  validate(value: unknown): boolean {
    if (typeof value !== 'string') return false;
    try {
      const set = JSON.parse(value) as { keys?: unknown };
      return (
        Array.isArray(set.keys) &&
        set.keys.length > 0 &&
        set.keys.every(isEd25519) &&
        hasSigner(set.keys)
      );
    } catch {
      return false;
    }
  }

  defaultMessage(): string {
    return 'must be a JWKS of Ed25519 keys (kty OKP) with kid, the first one private';
  }
}

interface Jwk {
  readonly kty?: unknown;
  readonly crv?: unknown;
  readonly kid?: unknown;
  readonly x?: unknown;
  readonly d?: unknown;
}

const isEd25519 = (key: Jwk | null): boolean =>
  key?.kty === 'OKP' &&
  key.crv === 'Ed25519' &&
  typeof key.kid === 'string' &&
  typeof key.x === 'string';

const hasSigner = (keys: readonly Jwk[]): boolean => typeof keys[0]?.d === 'string';
