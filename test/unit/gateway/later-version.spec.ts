// P9: fail closed; what our keys vouch for and we cannot read may revoke anybody, so nobody is let in by a view that lacks it.
import { describe, expect, it } from '@jest/globals';
import type { Lease } from '../../../src/contract/lease.js';
import { signedBytes, type SignedType } from '../../../src/contract/signed-message.js';
import { digestOf } from '../../../src/gateway/crypto/digest.js';
import { PublicKeys } from '../../../src/gateway/crypto/public-keys.js';
import { createGuard } from '../../../src/gateway/guard.js';
import { InstallationFollower } from '../../../src/gateway/installation-follower.js';
import type { GatewayEvent } from '../../../src/gateway/report.js';
import { newId } from '../../../src/kernel/ids.js';
import type { KeyRing } from '../../../src/platform/crypto/key-ring.js';
import { TokenMint } from '../../support/access-tokens.js';
import { FakeClock } from '../../support/fake-clock.js';
import { received, TopicWriter } from '../../support/topic-writer.js';

class Scene {
  readonly clock = new FakeClock();
  readonly writer = new TopicWriter();
  readonly events: GatewayEvent[] = [];
  readonly follower: InstallationFollower;
  readonly #mint = new TokenMint();
  readonly #token = this.#mint.token(
    this.#mint.claims(this.nowMs / 1000, { exp: this.nowMs / 1000 + 3_600 }),
  );
  readonly #guard;

  constructor() {
    const { writer, clock } = this;
    const topics = { revocations: writer.topic, events: '', receipts: '' };
    const rules = { issuer: 'urn:offswitch:test', audience: 'offswitch' };
    const lease: Lease = {
      id: newId(),
      lease_until: clock.now().toISOString(),
      installation: writer.installation,
      epoch: 0,
      partitions: 1,
      ...rules,
      jwks_url: '',
      record_keys: writer.keys.publicJwks,
      staleness_ms: 10_000,
      max_clock_skew_ms: 1_000,
      max_ttl_s: 3_600,
      window_s: 3_601,
      kafka: { topics },
    };
    this.follower = new InstallationFollower({
      lease,
      clock,
      report: (event) => this.events.push(event),
      onApplied: () => undefined,
      onRevoked: () => undefined,
    });
    this.#guard = createGuard({
      view: this.follower.view,
      keys: new PublicKeys({ keys: [this.#mint.jwk] }),
      rules: { ...rules, maxTtlS: 3_600, stalenessMs: 10_000, skewMs: 1_000 },
      policy: 'best-effort',
      clock,
    });
    this.follower.restart(0, -Infinity);
    this.beat();
    expect(this.asked()).toBe('allow');
  }

  get nowMs(): number {
    return this.clock.now().getTime();
  }

  beat(): void {
    this.follower.receive(0, [received(this.writer.watermark(this.nowMs))]);
  }

  /** The laxest policy of all, too, has nothing to go by. */
  asked(): string {
    const verdict = this.#guard.check(this.#token, { policy: 'strict' });
    const lax = this.#guard.check(this.#token);
    expect(lax.kind).toBe(verdict.kind);
    return 'reason' in verdict ? `${verdict.kind}: ${verdict.reason}` : verdict.kind;
  }

  receive(value: object, type: SignedType, signer: Signer = {}): void {
    this.follower.receive(0, [this.message(value, type, signer)]);
  }

  message(value: object, type: SignedType, { keys = this.writer.keys, version = 1 }: Signer = {}) {
    const bytes = Buffer.from(JSON.stringify(value));
    const { kid, signature } = keys.sign(signedBytes(type, bytes, version));
    return { type, kid, signature, value: bytes, text: bytes.toString() };
  }

  alarms(): string[] {
    return this.events.map((event) =>
      event.kind === 'view.alarm'
        ? event.alarm
        : event.kind === 'feed.refused'
          ? event.why
          : event.kind,
    );
  }
}

interface Signer {
  readonly keys?: KeyRing;
  readonly version?: number;
}

describe.each(['revocation', 'watermark'] as const)('a %s of a later major version', (type) => {
  it.each([1, 2])(
    'makes the view unusable, and somebody is told: signed as version %d',
    (version) => {
      const scene = new Scene();
      scene.receive({ v: 2, whatever: 'it says' }, type, { version });
      expect(scene.asked()).toBe('unsure: view.unusable');
      expect(scene.alarms()).toEqual(['newer']);
      scene.beat();
      expect(scene.asked()).toBe('unsure: view.unusable');
    },
  );

  it('that a stranger has signed changes nothing', () => {
    const scene = new Scene();
    scene.receive({ v: 2 }, type, { keys: new TopicWriter().keys });
    expect(scene.asked()).toBe('allow');
    expect(scene.alarms()).toEqual(['messages.refused']);
  });

  it('is over when the last token that it could refuse has expired', () => {
    const scene = new Scene();
    scene.receive({ v: 2 }, type);
    scene.clock.advance(3_601_000);
    scene.beat();
    expect(scene.follower.freshness().state).toBe('unusable');
    scene.clock.advance(60_001);
    scene.beat();
    expect(scene.follower.freshness().state).toBe('fresh');
  });

  it.each([1.5, 0, '2', null])(
    'that says v is %j is none: it is ignored, and somebody is told',
    (v) => {
      const scene = new Scene();
      scene.receive({ v }, type);
      expect(scene.asked()).toBe('allow');
      expect(scene.alarms()).toEqual(['messages.refused']);
    },
  );
});

it('a type that nobody knows is ignored, and somebody is told', () => {
  const scene = new Scene();
  scene.receive({ v: 2 }, 'rumour' as SignedType);
  expect(scene.asked()).toBe('allow');
  expect(scene.alarms()).toEqual(['messages.refused']);
});

it('a record of a later version that a watermark lists counts without a signature of its own', () => {
  const scene = new Scene();
  const record = { ...scene.message({ v: 2 }, 'revocation'), kid: 'none' };
  const listed = { covers: [digestOf(record.value)] };
  const watermark = scene.writer.watermark(scene.nowMs, [], listed);
  scene.follower.receive(0, [record, received(watermark)]);
  expect(scene.asked()).toBe('unsure: view.unusable');
});

it('a record of a later version that is fetched over HTTP does not heal', () => {
  const scene = new Scene();
  const record = scene.message({ v: 2 }, 'revocation');
  expect(scene.follower.heal(record, digestOf(record.value))).toBe(false);
  expect(scene.asked()).toBe('unsure: view.unusable');
});

describe('a part of the feed of a later version', () => {
  it.each([1, 2])(
    'makes the view unusable, and somebody is told: signed as version %d',
    (version) => {
      const scene = new Scene();
      const part = scene.message({ v: 2 }, 'snapshot', { version });
      expect(scene.follower.takePart([], part)).toBe('refused');
      expect(scene.asked()).toBe('unsure: view.unusable');
      expect(scene.alarms()).toEqual(['newer']);
    },
  );

  it('that a stranger has signed changes nothing', () => {
    const scene = new Scene();
    const part = scene.message({ v: 2 }, 'snapshot', { keys: new TopicWriter().keys });
    expect(scene.follower.takePart([], part)).toBe('refused');
    expect(scene.asked()).toBe('allow');
    expect(scene.alarms()).toEqual(['signature']);
  });
});
