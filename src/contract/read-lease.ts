import { POLICIES, type ForeignIssuer, type Jwks, type Lease, type PublicJwk } from './lease.js';
import { MessageRefused } from './read.js';

type Json = Readonly<Record<string, unknown>>;

const KEY_BYTES = /^[A-Za-z0-9_-]{43}$/; // 32 bytes, base64url

function demand(holds: boolean, rule: string): asserts holds {
  if (!holds) throw new MessageRefused(rule);
}

const isObject = (value: unknown): value is Json =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
const isText = (value: unknown): value is string => typeof value === 'string' && value !== '';
const isPositive = (value: unknown): value is number =>
  typeof value === 'number' && Number.isFinite(value) && value > 0;
const isCount = (value: unknown): value is number =>
  Number.isSafeInteger(value) && (value as number) >= 0;

const isEd25519 = (key: unknown): key is PublicJwk =>
  isObject(key) &&
  key['kty'] === 'OKP' &&
  key['crv'] === 'Ed25519' &&
  isText(key['kid']) &&
  typeof key['x'] === 'string' &&
  KEY_BYTES.test(key['x']);

/**
 * Keys of other kinds are left out (RFC 7517 §5), and so is everything of a key but its public part.
 *
 * @throws MessageRefused
 */
export function readJwks(value: unknown): Jwks {
  demand(isObject(value) && Array.isArray(value['keys']), 'the set has no keys');
  const keys = (value['keys'] as unknown[]).filter(isEd25519);
  return { keys: keys.map(({ kty, crv, x, kid }) => ({ kty, crv, x, kid })) };
}

/** @throws MessageRefused */
export function readLease(value: unknown): Lease {
  demand(isObject(value), 'the lease is no object');
  for (const name of ['id', 'installation', 'issuer', 'audience', 'jwks_url'])
    demand(isText(value[name]), `${name} is missing`);
  for (const name of ['partitions', 'staleness_ms', 'max_ttl_s', 'window_s'])
    demand(isPositive(value[name]), `${name} is no positive number`);
  for (const name of ['epoch', 'partitions', 'max_clock_skew_ms'])
    demand(isCount(value[name]), `${name} is no count`);
  const until = value['lease_until'];
  demand(isText(until) && !Number.isNaN(Date.parse(until)), 'lease_until is no time');
  const kafka = value['kafka'];
  demand(isObject(kafka) && isObject(kafka['topics']), 'the topics are missing');
  for (const name of ['revocations', 'events', 'receipts'])
    demand(isText(kafka['topics'][name]), `the topic of ${name} is missing`);
  const lease = value as unknown as Lease;
  const foreign = value['foreign_issuers'];
  return {
    ...lease,
    record_keys: readJwks(value['record_keys']),
    ...(foreign !== undefined && { foreign_issuers: readIssuers(foreign) }),
  };
}

/** What cannot be read is left out, and its tokens are nobody's: a later service may know more kinds than we do. */
function readIssuers(value: unknown): readonly ForeignIssuer[] {
  demand(Array.isArray(value), 'foreign_issuers is no list');
  return (value as unknown[]).filter(isIssuer);
}

const isIssuer = (value: unknown): value is ForeignIssuer =>
  isObject(value) &&
  ['id', 'org', 'issuer', 'audience'].every((name) => isText(value[name])) &&
  (value['jwks_url'] === null ? isObject(value['jwks']) : isText(value['jwks_url'])) &&
  isPositive(value['max_ttl_s']) &&
  isCount(value['not_before']) &&
  typeof value['folds_sub'] === 'boolean' &&
  (value['policy'] === null || POLICIES.some((known) => known === value['policy']));
