// P3, P9: what docs/protocol.md and its vectors say to gateways that we did not write is what the code does.
import { describe, expect, it } from '@jest/globals';
import { readdirSync, readFileSync } from 'node:fs';
import { readLease } from '../../src/contract/read-lease.js';
import { partitionOf, signedBytes } from '../../src/contract/signed-message.js';
import { HEADER } from '../../src/contract/topics.js';
import { digestOf, sha256 } from '../../src/gateway/crypto/digest.js';
import { PublicKeys } from '../../src/gateway/crypto/public-keys.js';
import type { Lease } from '../../src/contract/lease.js';
import { ForeignTokens } from '../../src/gateway/foreign/foreign-tokens.js';
import { createGuard } from '../../src/gateway/guard.js';
import { InstallationFollower } from '../../src/gateway/installation-follower.js';
import { authenticate } from '../../src/gateway/view/authenticate.js';
import { isProven, readSignedReceipt } from '../../src/outbox/domain/read-signed-receipt.js';
import { Subject } from '../../src/gateway/view/subject.js';
import { FakeClock } from '../support/fake-clock.js';
import { asText, protocolVectors } from '../support/protocol-vectors.js';
import { SettableView } from '../support/settable-view.js';
import { received } from '../support/topic-writer.js';

const DIRECTORY = new URL('../fixtures/protocol/', import.meta.url);
const file = (name: string): string => readFileSync(new URL(name, DIRECTORY), 'utf8');
const vectors = (name: string) => JSON.parse(file(name));
const page = readFileSync('docs/protocol.md', 'utf8');

interface OnTheTopic {
  headers: Record<string, string>;
  value: string;
}
const arrived = ({ headers, value }: OnTheTopic) =>
  received({ headers, value: Buffer.from(value) });

const keys = vectors('keys.json');
const recordKeys = new PublicKeys({ keys: [keys.records] });
const proofs = { verify: recordKeys.verify, digest: digestOf };

describe('the vectors', () => {
  it('are those that the code makes; `npm run vectors` writes them anew', () => {
    const made = protocolVectors();
    expect(readdirSync(DIRECTORY).sort()).toEqual(Object.keys(made).sort());
    for (const [name, content] of Object.entries(made)) expect(file(name)).toBe(asText(content));
  });

  it('are all named on the page', () => {
    for (const name of readdirSync(DIRECTORY)) expect(page).toContain(`\`${name}\``);
  });

  it('hold no key that anybody could take for a real one', () => {
    for (const { d } of Object.values<{ d: string }>(keys))
      expect(Buffer.from(d, 'base64url').toString()).toMatch(/^visibly fake /);
  });
});

describe('the page', () => {
  const [, example = ''] = /```text\n(\{"audit".*)\n```/.exec(page) ?? [];
  const [record] = vectors('messages.json');

  it('shows the record of the vectors, its digest and its signature', () => {
    expect(example).toBe(record.value);
    expect(page).toContain(record.digest);
    expect(page).toContain(record.headers[HEADER.signature]);
  });
});

describe('a message of the vectors', () => {
  it.each<OnTheTopic & { name: string; key: string; signed: string; digest: string }>(
    vectors('messages.json'),
  )('is believed for its signature: $name', ({ key, signed, digest, ...message }) => {
    const one = arrived(message);
    expect(digestOf(one.value)).toBe(digest);
    expect(Buffer.from(signedBytes(one.type as 'receipt', one.value)).toString()).toBe(signed);
    if (one.type === 'receipt') {
      const claimed = readSignedReceipt(
        { ...one, key, headers: message.headers },
        () => one.signature,
      );
      expect(isProven(claimed, new PublicKeys({ keys: [keys.process] }).verify)).toBe(true);
      return;
    }
    const { authentic } = authenticate([one], proofs);
    expect(authentic.map((content) => content.digest)).toEqual([digest]);
  });

  it.each<OnTheTopic & { name: string }>(vectors('refused.json'))(
    'is refused: $name',
    (message) => {
      expect(authenticate([arrived(message)], proofs)).toMatchObject({ authentic: [], refused: 1 });
    },
  );

  it('goes to the partition that its key names', () => {
    for (const { key, of } of vectors('partitions.json') as { key: string; of: object }[])
      for (const [count, partition] of Object.entries(of))
        expect([key, partitionOf(key, Number(count), sha256)]).toEqual([key, partition]);
  });
});

it('the lease of the vectors is read', () => {
  const { answer } = vectors('lease.json');
  expect(readLease(answer).record_keys.keys.map(({ kid }) => kid)).toEqual([keys.records.kid]);
});

describe('a token of the vectors', () => {
  const { now, rules, jwks, revoked, cases } = vectors('tokens.json');
  const clock = new FakeClock(Date.parse(now));
  const view = new SettableView();
  for (const one of authenticate((revoked as OnTheTopic[]).map(arrived), proofs).authentic)
    if (one.kind === 'revocation') view.generations.apply(one.record);
  const known = new PublicKeys(jwks);
  const guard = createGuard({
    view,
    keys: known,
    policy: 'strict',
    clock,
    rules: {
      issuer: rules.issuer,
      audience: rules.audience,
      maxTtlS: rules.max_ttl_s,
      stalenessMs: 10_000,
      skewMs: rules.max_clock_skew_ms,
    },
  });

  it.each<{ name: string; verdict: string; token: string }>(cases)(
    'is met with $verdict: $name',
    ({ verdict, token }) => {
      expect(guard.check(token).kind).toBe(verdict);
    },
  );
});

describe('a token of a foreign issuer of the vectors', () => {
  const {
    now,
    foreign_issuers: issuers,
    max_clock_skew_ms: skewMs,
    revoked,
    cases,
  } = vectors('foreign.json');
  const clock = new FakeClock(Date.parse(now));
  const view = new SettableView();
  for (const one of authenticate((revoked as OnTheTopic[]).map(arrived), proofs).authentic)
    if (one.kind === 'revocation') view.generations.apply(one.record);
  const nobody = () => Promise.reject(new Error('nobody is asked'));
  const foreign = new ForeignTokens({ clock, fetch: nobody, onFailure: () => undefined });
  foreign.learn(readLease({ ...vectors('lease.json').answer, foreign_issuers: issuers }));
  const guard = createGuard({
    ...{ view, foreign, clock, policy: 'strict', keys: new PublicKeys({ keys: [] }) },
    rules: {
      ...{ issuer: 'urn:offswitch:test', audience: 'offswitch', maxTtlS: 3_600 },
      ...{ stalenessMs: 10_000, skewMs },
    },
  });

  it.each<{ name: string; verdict: string; token: string }>(cases)(
    'is met with $verdict: $name',
    ({ verdict, token }) => {
      expect(guard.check(token).kind.replace('-foreign', '')).toBe(verdict);
    },
  );
});

interface Story {
  readonly name: string;
  readonly settings: Record<
    'epoch' | 'partitions' | 'window_s' | 'staleness_ms' | 'max_clock_skew_ms',
    number
  >;
  readonly steps: readonly {
    readonly now: string;
    readonly restart?: { readonly partition: number; readonly sought: string | null };
    readonly receive?: { readonly partition: number; readonly messages: readonly OnTheTopic[] };
    readonly state: string;
    readonly least?: Record<string, number>;
  }[];
}

describe('a view of the vectors', () => {
  it.each<Story>(vectors('views.json'))('is trusted as far as it may be: $name', (story) => {
    const clock = new FakeClock(Date.parse(story.steps[0]!.now));
    const lease: Lease = {
      ...vectors('lease.json').answer,
      ...story.settings,
      record_keys: { keys: [keys.records] },
    };
    const quiet = {
      report: () => undefined,
      onApplied: () => undefined,
      onRevoked: () => undefined,
    };
    const follower = new InstallationFollower({ lease, clock, ...quiet });
    for (const { now, restart, receive, state, least = {} } of story.steps) {
      clock.advance(Date.parse(now) - clock.now().getTime());
      if (restart !== undefined)
        follower.restart(
          restart.partition,
          restart.sought === null ? -Infinity : Date.parse(restart.sought),
        );
      if (receive !== undefined) follower.receive(receive.partition, receive.messages.map(arrived));
      expect([now, follower.freshness().state]).toEqual([now, state]);
      for (const [user, generation] of Object.entries(least))
        expect(follower.view.least('user', new Subject(user))).toBe(generation);
    }
  });
});
