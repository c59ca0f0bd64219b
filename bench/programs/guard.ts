import { createPublicKey, sign, verify, generateKeyPairSync } from 'node:crypto';
import { createVerifier } from 'fast-jwt';
import { createGuard } from '../../src/gateway/guard.js';
import { PublicKeys } from '../../src/gateway/crypto/public-keys.js';
import type { Authentic } from '../../src/gateway/view/authenticate.js';
import { View } from '../../src/gateway/view/view.js';
import type { Watermark } from '../../src/contract/watermark.js';
import { newId } from '../../src/kernel/ids.js';
import { SystemClock } from '../../src/platform/clock/system-clock.js';
import { TokenKeys } from '../../src/platform/crypto/key-ring.js';
import { generatePrivateJwks } from '../../src/platform/crypto/private-jwks.js';
import { signAccessToken } from '../../src/tokens/sign-access-token.js';

/**
 * Started with --expose-gc, alone in its process. A request brings its token as another string than the one that is
 * remembered, so every check gets a copy; there are no more of them than a processor keeps at hand, as it does what
 * has just come from the network.
 */
const TOKENS = 1_000;
const COPIES = 2;
const ROUNDS = 7;
/** Times that a round checks all the copies. */
const TIMES = 25;
const ENTRIES = [0, 1_000, 100_000, 1_000_000];
/** Records that one watermark lists. */
const LISTED = 1_000;
/** The view stays fresh as long as this runs. */
const STALENESS_MS = 3_600_000;
const ISSUER = 'urn:offswitch:bench';
const gc = (globalThis as { gc?: () => void }).gc ?? missing();

function missing(): never {
  throw new Error('start it with --expose-gc');
}

const keys = new TokenKeys(generatePrivateJwks());
const signing = keys.signingKeyExcept([]);
if (signing === null) throw new Error('no key signs');
const clock = new SystemClock();

function newToken(): string {
  const [device, iat] = [newId<string>(), Math.floor(Date.now() / 1_000)];
  const ids = { sub: newId<string>(), client_id: device, did: device, org: newId<string>() };
  const times = { iat, exp: iat + 3_000 };
  return signAccessToken(
    {
      ...{ iss: ISSUER, aud: 'offswitch', ...ids, fam: newId<string>(), jti: newId<string>() },
      ...{ ...times, scope: 'devices:write', gen: { o: 1, u: 1, d: 1, f: 1 } },
    },
    signing!,
  );
}

const tokens = Array.from({ length: TOKENS }, newToken);

/** Copies of every token, in no order that a cache likes. */
function copies(): string[] {
  const all = Array.from({ length: COPIES }, () =>
    tokens.map((token) => Buffer.from(token, 'latin1').toString('latin1')),
  ).flat();
  for (let i = all.length - 1; i > 0; i -= 1) {
    const j = Math.floor(Math.random() * (i + 1));
    [all[i], all[j]] = [all[j]!, all[i]!];
  }
  return all;
}

/** Nanoseconds of processor time for one, the median of the rounds: what else the machine does counts less. */
function nanoseconds(check: (token: string) => void): number {
  const rounds: number[] = [];
  for (let round = 0; round < ROUNDS; round += 1) {
    const all = copies();
    gc();
    const began = process.cpuUsage();
    for (let i = 0; i < TIMES; i += 1) for (const token of all) check(token);
    rounds.push(nanosecondsSince(began) / (all.length * TIMES));
  }
  return rounds.sort((a, b) => a - b)[Math.floor(ROUNDS / 2)]!;
}

function nanosecondsSince(began: NodeJS.CpuUsage): number {
  const { user, system } = process.cpuUsage(began);
  return (user + system) * 1_000;
}

function ed25519(): number {
  const { publicKey, privateKey } = generateKeyPairSync('ed25519');
  const message = Buffer.from(tokens[0]!.slice(0, tokens[0]!.lastIndexOf('.')), 'latin1');
  const signature = sign(null, message, privateKey);
  const times = 5_000;
  const began = process.cpuUsage();
  for (let i = 0; i < times; i += 1)
    if (!verify(null, message, publicKey, signature)) throw new Error('it is signed');
  return nanosecondsSince(began) / times;
}

function fastJwt(): number {
  const jwk = keys.publicJwks.keys[0]!;
  const { kty, crv, x } = jwk;
  const key = createPublicKey({ key: { kty, crv, x }, format: 'jwk' });
  const verifyToken = createVerifier({
    key: key.export({ type: 'spki', format: 'pem' }) as string,
    ...{ algorithms: ['EdDSA'], cache: TOKENS * 2, allowedIss: ISSUER, allowedAud: 'offswitch' },
  });
  for (const token of tokens) verifyToken(token);
  return nanoseconds((token) => {
    verifyToken(token);
  });
}

function guardOver(view: View): (token: string) => void {
  const rules = { issuer: ISSUER, audience: 'offswitch', maxTtlS: 3_600 };
  const guard = createGuard({
    view,
    keys: new PublicKeys(keys.publicJwks),
    rules: { ...rules, stalenessMs: STALENESS_MS, skewMs: 1_000 },
    ...{ policy: 'strict', clock },
  });
  const check = (token: string): void => {
    if (guard.check(token).kind !== 'allow') throw new Error('a good token is not let in');
  };
  for (const token of tokens) check(token);
  return check;
}

const now = () => ({ wallMs: Date.now(), monotonicMs: clock.monotonicMs() });
const installation = newId<string>();
const topic = 'offswitch.revocations.v1';

/** A view as a gateway has it after so many people have left: every record listed by a watermark. */
function viewOf(entries: number): View {
  const settings = { installation, topic, partitions: 1, windowMs: 3_601_000 };
  const view = new View({ ...settings, stalenessMs: STALENESS_MS, skewMs: 1_000 }, 0);
  const link = (seq: number, covers: readonly string[]): Authentic => {
    const head = { v: 1 as const, installation, topic, partition: 0, partitions: 1, epoch: 0 };
    const lists = { covers, repair: [], kids: [] };
    const prev = seq === 0 ? null : `watermark-${seq - 1}`;
    const t = new Date().toISOString();
    const watermark: Watermark = { ...head, seq, prev, t, more: false, ...lists };
    return { kind: 'watermark', digest: `watermark-${seq}`, watermark };
  };
  view.restart(0, -Infinity);
  view.accept(0, [link(0, [])], now());
  view.reachedEnd(0);
  for (let i = 0, seq = 1; i < entries; i += LISTED, seq += 1) {
    const records = Array.from({ length: Math.min(LISTED, entries - i) }, recordOf);
    const names = records.map(({ digest }) => digest);
    view.accept(0, [...records, link(seq, names)], now());
  }
  if (view.size !== entries || view.freshness(now()).state !== 'fresh')
    throw new Error('the view is not as it should be');
  return view;
}

function recordOf(): Authentic {
  const organization = newId<string>();
  return {
    kind: 'revocation',
    digest: newId(),
    record: {
      ...{ v: 1, org: organization, scope: 'user', subject: newId(), generation: 2 },
      ...{ not_before: null, cause: 'scim', case: organization, audit: organization },
      revoked_at: new Date().toISOString(),
    },
  };
}

const heap = (): number => {
  gc();
  gc();
  const { heapUsed, arrayBuffers } = process.memoryUsage();
  return heapUsed + arrayBuffers;
};

const floors = { ed25519: ed25519(), fastJwt: fastJwt() };
const sizes = ENTRIES.map((entries) => {
  const before = heap();
  const view = viewOf(entries);
  const bytesEach = entries === 0 ? 0 : (heap() - before) / entries;
  return { entries, ns: nanoseconds(guardOver(view)), bytesEach };
});
process.send?.({ kind: 'measured', floors, sizes });
process.disconnect();
