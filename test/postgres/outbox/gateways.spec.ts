// P3: who counts for a case, and what counts as an answer. P9: what is not proven is refused.
import { generateKeyPairSync } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { Refusals, type Refusal } from '../../../src/audit/index.js';
import { caseView, type CaseView } from '../../../src/cases/index.js';
import type { LeaseRequest, Policy, PublicJwk } from '../../../src/contract/lease.js';
import { receiptBytes, type Receipt } from '../../../src/contract/receipt.js';
import { signedHeaders } from '../../../src/contract/signed-message.js';
import { topicsWith } from '../../../src/contract/topics.js';
import {
  newId,
  type CaseId,
  type GatewayId,
  type OrganizationId,
} from '../../../src/kernel/ids.js';
import { GatewayLeases } from '../../../src/outbox/gateway-leases.js';
import { markAcked } from '../../../src/outbox/postgres/mark-acked.js';
import { OutboxMetrics } from '../../../src/outbox/outbox-metrics.js';
import { ReceiptsIntake } from '../../../src/outbox/receipts-intake.js';
import { RecordedEnforcements } from '../../../src/outbox/recorded-enforcements.js';
import { RegisteredGateways } from '../../../src/outbox/registered-gateways.js';
import { KeyRing } from '../../../src/platform/crypto/key-ring.js';
import { OpaqueSecrets } from '../../../src/platform/crypto/opaque-secrets.js';
import { generatePrivateJwks } from '../../../src/platform/crypto/private-jwks.js';
import type { IncomingMessage } from '../../../src/platform/kafka/group-consumer.js';
import { Metrics } from '../../../src/platform/metrics/metrics.js';
import { OutboxWorld, silentLog } from '../../support/outbox-world.js';

const S = 10_000;
const asking = { actor: { type: 'admin_key', id: 'a-key' }, requestId: 'r' } as const;

class CountingRefusals extends Refusals {
  readonly counted: Refusal[] = [];

  override count(refusal: Refusal): void {
    this.counted.push(refusal);
  }
}

let world: OutboxWorld;
let gateways: RegisteredGateways;
let leases: GatewayLeases;
let intake: ReceiptsIntake;
let refusals: CountingRefusals;
let metrics: Metrics;
let organization: OrganizationId;
const enforcements = new RecordedEnforcements(S);

beforeAll(async () => {
  world = await OutboxWorld.open(2);
  organization = await world.world.organization();
  const { transactions, audit, installation } = world;
  await world.world.query(
    `insert into installation (id, issuer, partitions) values ('${installation}', 'urn:offswitch:test', 2)`,
  );
  gateways = new RegisteredGateways({
    transactions,
    audit,
    installation,
    secrets: new OpaqueSecrets(Buffer.alloc(32, 7)),
    stalenessMs: S,
  });
  leases = new GatewayLeases({
    transactions,
    audit,
    installation: { id: installation, issuer: 'urn:offswitch:test' },
    audience: 'offswitch',
    recordKeys: world.keys.publicJwks,
    topics: topicsWith(''),
    stalenessMs: S,
  });
});
beforeEach(async () => {
  await world.empty();
  await world.world.query(
    'truncate gateways, gateway_processes, gateway_positions, gateway_applied, cases',
  );
  refusals = new CountingRefusals();
  intake = new ReceiptsIntake({
    transactions: world.transactions,
    audit: world.audit,
    refusals,
    installation: { id: world.installation },
    log: silentLog,
    metrics: new OutboxMetrics((metrics = new Metrics())),
  });
});
afterAll(() => world.close());

/** One running gateway, which signs what it says. */
class Process {
  readonly boot = newId();
  readonly keys = new KeyRing(generatePrivateJwks());

  constructor(
    readonly gateway: GatewayId,
    readonly policy: Policy = 'strict',
  ) {}

  get publicKey(): PublicJwk {
    return this.keys.publicJwks.keys[0]!;
  }

  lease(fields: Partial<LeaseRequest> = {}) {
    const { boot, policy } = this;
    const request = { boot, policy, version: '1.0.0', public_key: this.publicKey, ...fields };
    return leases.renew(this.gateway, request, {
      place: 'https://offswitch.example',
      requestId: 'r',
    });
  }

  receipt(said: Partial<Receipt> = {}, more: Partial<IncomingMessage> = {}): IncomingMessage {
    const value = receiptBytes({
      v: 1,
      gateway: this.gateway,
      boot: this.boot,
      at: new Date().toISOString(),
      applied: [],
      partitions: [],
      ...said,
    });
    return {
      key: this.gateway,
      value,
      headers: signedHeaders('receipt', value, this.keys.sign),
      storedAt: new Date(),
      ...more,
    };
  }
}

async function registered(name: string, policy?: Policy): Promise<Process> {
  const { id } = await gateways.register(name, asking);
  const process = new Process(id, policy);
  await process.lease();
  return process;
}

async function acked(
  record: { readonly digest: string; readonly partition: number },
  at = new Date(),
) {
  const { digest, partition } = record;
  await world.transactions.read('background', (tx) =>
    markAcked(tx, [{ digest, partition, offset: 7, ackedAt: at, committedAt: at }]),
  );
}

async function view(id: CaseId, laterMs = 0): Promise<CaseView> {
  return world.transactions.read('service', async (tx) => {
    const found = (await world.cases.get(tx, organization, id))!;
    const known = (await enforcements.of(tx, [found])).get(id)!;
    return caseView(found, known, { now: new Date(Date.now() + laterMs), stalenessMs: S });
  });
}

const applied = async () =>
  world.world.query<{ digest: string; boot: string }>('select digest, boot from gateway_applied');

describe('a gateway', () => {
  it('has a key that opens its door until it is removed, and a name of its own', async () => {
    const { id, key } = await gateways.register('edge', asking);
    await expect(gateways.authenticate(key)).resolves.toBe(id);
    await expect(gateways.register('edge', asking)).rejects.toMatchObject({
      code: 'gateway.name_taken',
    });
    await gateways.remove(id, asking);
    await expect(gateways.authenticate(key)).resolves.toBeNull();
    await expect(gateways.remove(id, asking)).rejects.toMatchObject({ code: 'gateway.unknown' });
    await expect(gateways.register('edge', asking)).resolves.toMatchObject({});
    const entries = await world.world.query(
      `select action from audit.entry where subject_id = $1 order by at`,
      [id],
    );
    expect(entries.map(({ action }) => action)).toEqual(['gateway.registered', 'gateway.deleted']);
  });

  it("is nobody with another's id, another type of secret, or nonsense", async () => {
    const { key } = await gateways.register('edge', asking);
    const other = new OpaqueSecrets(Buffer.alloc(32, 8)).mint('gateway', newId()).text.reveal();
    for (const text of [other, key.replace('_gateway_', '_admin_'), `${key}x`, '', 'ofs_gateway_'])
      await expect(gateways.authenticate(text)).resolves.toBeNull();
  });

  it('is told all that it needs with its lease, and is audited once per process', async () => {
    const { id } = await gateways.register('edge', asking);
    const process = new Process(id);
    const lease = await process.lease();
    await process.lease();
    expect(lease).toEqual({
      id,
      lease_until: expect.stringMatching(/^\d{4}-.*Z$/u),
      installation: world.installation,
      epoch: 1,
      partitions: 2,
      issuer: 'urn:offswitch:test',
      audience: 'offswitch',
      jwks_url: 'https://offswitch.example/.well-known/jwks.json',
      record_keys: world.keys.publicJwks,
      staleness_ms: S,
      max_clock_skew_ms: 1_000,
      max_ttl_s: 3_600,
      window_s: 3_601,
      foreign_issuers: [],
      kafka: { topics: topicsWith('') },
    });
    const entries = await world.world.query(
      `select 1 from audit.entry where action = 'gateway.leased' and subject_id = $1`,
      [id],
    );
    expect(entries).toHaveLength(1);
  });

  it('cannot speak for another process of its own under a second key', async () => {
    const process = await registered('edge');
    const { publicKey } = new Process(process.gateway);
    await expect(process.lease({ public_key: publicKey })).rejects.toMatchObject({
      code: 'request.invalid_value',
    });
  });

  it('is listed with its processes and how old their view is', async () => {
    const process = await registered('edge');
    const silent = await registered('mars', 'balanced');
    await world.world.query(
      `update gateway_processes set lease_until = now() - interval '1 s' where boot = $1`,
      [silent.boot],
    );
    const t = new Date(Date.now() - 3_000).toISOString();
    await intake.take([process.receipt({ partitions: [{ partition: 0, seq: 4, t }] })]);
    const list = await gateways.list();
    expect(list).toMatchObject([
      { name: 'edge', processes: [{ boot: process.boot, state: 'live', policy: 'strict' }] },
      { name: 'mars', processes: [{ boot: silent.boot, state: 'silent', view_age_ms: null }] },
    ]);
    expect(list[0]!.processes[0]!.view_age_ms).toBeGreaterThanOrEqual(3_000);
  });

  it('is behind until it has confirmed a watermark younger than S on every partition', async () => {
    const process = await registered('edge');
    const isBehind = async () => (await gateways.list())[0]!.processes[0]!.behind;
    const confirm = (partition: number, seq: number, ageMs: number) =>
      intake.take([
        process.receipt({
          partitions: [{ partition, seq, t: new Date(Date.now() - ageMs).toISOString() }],
        }),
      ]);
    expect(await isBehind()).toBe(true);
    await confirm(0, 4, 0);
    expect(await isBehind()).toBe(true);
    await confirm(1, 4, S + 1_000);
    expect(await isBehind()).toBe(true);
    await confirm(1, 5, 0);
    expect(await isBehind()).toBe(false);
  });
});

describe('a receipt', () => {
  it('counts when the process that it names has signed it', async () => {
    const process = await registered('edge');
    const { record } = await world.openCase(organization);
    await intake.take([process.receipt({ applied: [record.digest] })]);
    expect(await applied()).toEqual([{ digest: record.digest, boot: process.boot }]);
  });

  it('is measured from the request that was answered by it, once', async () => {
    const process = await registered('edge');
    const { record } = await world.openCase(organization, new Date(Date.now() - 3_000));
    const receipt = process.receipt({ applied: [record.digest] });
    await intake.take([receipt]);
    await intake.take([receipt]);
    const { text } = await metrics.text();
    expect(text).toContain('revocation_end_to_end_seconds_count{gateway="edge"} 1');
    const [, sum] = /revocation_end_to_end_seconds_sum\{gateway="edge"\} (\S+)/.exec(text) ?? [];
    expect(Number(sum)).toBeGreaterThanOrEqual(3);
  });

  it.each<[string, (honest: Process, other: Process, digest: string) => IncomingMessage]>([
    [
      'is signed by another process',
      (honest, other, digest) => ({
        ...honest.receipt({ applied: [digest] }),
        headers: signedHeaders(
          'receipt',
          honest.receipt({ applied: [digest] }).value,
          other.keys.sign,
        ),
      }),
    ],
    [
      'has been changed',
      (honest, _, digest) => {
        const message = honest.receipt({ applied: [] });
        return { ...message, value: honest.receipt({ applied: [digest] }).value };
      },
    ],
    [
      'says it is a receipt of another gateway',
      (honest, other, digest) =>
        honest.receipt({ applied: [digest], gateway: other.gateway }, { key: other.gateway }),
    ],
    [
      'stands under another key',
      (honest, other, digest) => honest.receipt({ applied: [digest] }, { key: other.gateway }),
    ],
    [
      'is signed as something else',
      (honest, _, digest) => {
        const message = honest.receipt({ applied: [digest] });
        return { ...message, headers: signedHeaders('watermark', message.value, honest.keys.sign) };
      },
    ],
    [
      'names a process that has no lease',
      (honest, _, digest) => honest.receipt({ applied: [digest], boot: newId() }),
    ],
    [
      'lists what is no digest',
      (honest, _, digest) => honest.receipt({ applied: [digest, 'a\u0000b'] }),
    ],
    [
      'names a partition that is none',
      (honest, _, digest) =>
        honest.receipt({
          applied: [digest],
          partitions: [{ partition: 2 ** 40, seq: 1, t: new Date().toISOString() }],
        }),
    ],
    [
      'is nonsense',
      () => ({ key: '', value: Buffer.from([0xff, 0]), headers: {}, storedAt: new Date() }),
    ],
  ])('is refused and counted when it %s, and those behind it are not', async (_, forge) => {
    const [honest, other] = [await registered('edge'), await registered('mars')];
    const { record } = await world.openCase(organization);
    const { record: next } = await world.openCase(organization);
    await intake.take([
      forge(honest, other, record.digest),
      honest.receipt({ applied: [next.digest] }),
    ]);
    expect(await applied()).toEqual([{ digest: next.digest, boot: honest.boot }]);
    expect(refusals.counted).toMatchObject([{ door: 'receipts', log: world.installation }]);
  });

  it('of a gateway that has been removed is refused', async () => {
    const process = await registered('edge');
    const { record } = await world.openCase(organization);
    await gateways.remove(process.gateway, asking);
    await intake.take([process.receipt({ applied: [record.digest] })]);
    expect(await applied()).toEqual([]);
    expect(refusals.counted).toHaveLength(1);
  });

  it('from a key that is no point of the curve proves nothing', async () => {
    const process = await registered('edge');
    const { record } = await world.openCase(organization);
    const { publicKey } = generateKeyPairSync('ed25519');
    const x = publicKey.export({ format: 'jwk' }).x!.replace(/^.{10}/u, '__________');
    await world.world.query(
      `update gateway_processes set public_key = jsonb_set(public_key, '{x}', to_jsonb($1::text))`,
      [x],
    );
    await intake.take([process.receipt({ applied: [record.digest] })]);
    expect(await applied()).toEqual([]);
  });

  it('moves positions only forward, and repeats and reorders change nothing', async () => {
    const process = await registered('edge');
    const at = (ms: number) => new Date(Date.now() + ms).toISOString();
    const [early, late] = [5, 9].map((seq) =>
      process.receipt({ partitions: [{ partition: 0, seq, t: at(seq) }] }),
    );
    await intake.take([late!, early!]);
    await intake.take([early!]);
    await intake.take([late!]);
    const rows = await world.world.query<{ seq: number }>(
      'select seq::integer from gateway_positions',
    );
    expect(rows).toEqual([{ seq: 9 }]);
  });

  it('stands for every record that a watermark up to its position covers', async () => {
    const process = await registered('edge');
    const { id, record } = await world.openCase(organization);
    const { record: later } = await world.openCase(organization);
    await world.world.query(
      `insert into outbox_covers (digest, partition, seq) values ($1, $2, 4), ($3, $4, 6)`,
      [record.digest, record.partition, later.digest, later.partition],
    );
    const at = new Date(Date.now() + 5_000).toISOString();
    const positions = [0, 1].map((partition) => ({ partition, seq: 5, t: at }));
    await intake.take([process.receipt({ at, partitions: positions })]);
    expect(await applied()).toEqual([{ digest: record.digest, boot: process.boot }]);
    await acked(record);
    expect((await view(id)).gateways).toMatchObject([{ state: 'applied', applied_at: at }]);
    // It does not move when the process goes on.
    const after = new Date(Date.now() + 9_000).toISOString();
    await intake.take([
      process.receipt({
        at: after,
        partitions: [0, 1].map((partition) => ({ partition, seq: 6, t: at })),
      }),
    ]);
    expect((await view(id)).gateways).toMatchObject([{ applied_at: at }]);
    expect(await applied()).toHaveLength(2);
  });
});

describe('the first receipt of a process', () => {
  it('says nothing of what was revoked before its first lease: no case asks it about that', async () => {
    const { record } = await world.openCase(organization, new Date(Date.now() - 5_000));
    await world.world.query(
      `with earlier as (update outbox set created_at = created_at - interval '5 seconds')
       insert into outbox_covers (digest, partition, seq) values ($1, $2, 4)`,
      [record.digest, record.partition],
    );
    const process = await registered('edge');
    const partitions = [0, 1].map((partition) => ({
      partition,
      seq: 5,
      t: new Date().toISOString(),
    }));
    await intake.take([process.receipt({ partitions })]);
    expect(await applied()).toEqual([]);
    expect(await world.world.query('select from gateway_positions')).toHaveLength(2);
  });
});

describe('a case', () => {
  it('is open until the broker has it, then bounded by nobody when there is no gateway', async () => {
    const { id, record } = await world.openCase(organization);
    expect(await view(id)).toMatchObject({
      state: 'open',
      gateways: [],
      records: [{ offset: null }],
    });
    await acked(record);
    expect(await view(id)).toMatchObject({
      state: 'bounded',
      gateways: [],
      records: [{ digest: record.digest, partition: record.partition, offset: 7 }],
    });
  });

  it('is enforced when every process that counts has said so, and its timeline says when', async () => {
    const [one, two] = [await registered('edge'), await registered('mars')];
    const { id, record } = await world.openCase(organization);
    await acked(record);
    expect(await view(id)).toMatchObject({
      state: 'open',
      gateways: [{ state: 'pending' }, { state: 'pending' }],
    });
    const [first, last] = [
      new Date(Date.now() + 5).toISOString(),
      new Date(Date.now() + 9).toISOString(),
    ];
    await intake.take([one.receipt({ at: first, applied: [record.digest] })]);
    expect(await view(id)).toMatchObject({
      state: 'open',
      timeline: { first_enforced_at: first, last_enforced_at: null },
    });
    await intake.take([two.receipt({ at: last, applied: [record.digest] })]);
    expect(await view(id)).toMatchObject({
      state: 'enforced',
      timeline: { first_enforced_at: first, last_enforced_at: last },
      gateways: [
        { id: one.gateway, name: 'edge', state: 'applied', applied_at: first },
        { id: two.gateway, name: 'mars', state: 'applied', applied_at: last },
      ],
    });
  });

  it('counts the processes of the 3·S before it, and none that came later', async () => {
    const process = await registered('edge');
    const gone = await registered('gone');
    await world.world.query(
      `update gateway_processes set first_seen_at = now() - interval '1 h', last_seen_at = now() - interval '31 s',
              lease_until = now() - interval '31 s' where boot = $1`,
      [gone.boot],
    );
    const { id, record } = await world.openCase(organization);
    await registered('later');
    await acked(record);
    expect((await view(id)).gateways.map(({ name }) => name)).toEqual(['edge']);
    await intake.take([process.receipt({ applied: [record.digest] })]);
    expect((await view(id)).state).toBe('enforced');
  });

  it.each<[Policy, number, string]>([
    ['strict', S, 'bounded'],
    ['balanced', 3 * S, 'bounded'],
    ['best-effort', 3 * S, 'unconfirmed'],
  ])('with a silent %s process is open for %d ms, then %s', async (policy, ms, then) => {
    await registered('edge', policy);
    const { id, record } = await world.openCase(organization);
    await acked(record);
    expect(await view(id, ms - 500)).toMatchObject({
      state: 'open',
      gateways: [{ state: 'pending' }],
    });
    expect(await view(id, ms + 500)).toMatchObject({ state: then, gateways: [{ state: 'stale' }] });
  });

  it('asks each process under one name: one does not speak for the other', async () => {
    const one = await registered('edge');
    const two = new Process(one.gateway);
    await two.lease();
    const { id, record } = await world.openCase(organization);
    await acked(record);
    await intake.take([one.receipt({ applied: [record.digest] })]);
    expect(await view(id)).toMatchObject({
      state: 'open',
      timeline: { first_enforced_at: expect.any(String), last_enforced_at: null },
      gateways: [
        { id: one.gateway, name: 'edge', state: 'applied' },
        { id: one.gateway, name: 'edge', state: 'pending', applied_at: null },
      ],
    });
    expect(await view(id, S + 500)).toMatchObject({
      state: 'bounded',
      gateways: [{ state: 'applied' }, { state: 'stale' }],
    });
    await intake.take([two.receipt({ applied: [record.digest] })]);
    expect(await view(id)).toMatchObject({
      state: 'enforced',
      gateways: [{ state: 'applied' }, { state: 'applied' }],
    });
  });

  it('does not wait for the process that takes the place of another under its name', async () => {
    const before = await registered('edge');
    const { id, record } = await world.openCase(organization);
    const after = new Process(before.gateway);
    await after.lease();
    await acked(record);
    await intake.take([after.receipt({ applied: [record.digest] })]);
    expect(await view(id, S + 500)).toMatchObject({
      state: 'bounded',
      gateways: [{ state: 'stale' }],
    });
  });

  it('is as open as its most patient gateway, and as sure as its least sure one', async () => {
    const strict = await registered('a strict');
    const balanced = await registered('balanced', 'balanced');
    const { id, record } = await world.openCase(organization);
    await acked(record);
    expect((await view(id, S + 500)).state).toBe('open');
    expect((await view(id, S + 500)).gateways.map(({ state }) => state)).toEqual([
      'stale',
      'pending',
    ]);
    expect((await view(id, 3 * S + 500)).state).toBe('bounded');
    await intake.take([balanced.receipt({ applied: [record.digest] })]);
    expect((await view(id, S + 500)).state).toBe('bounded');
    await intake.take([strict.receipt({ applied: [record.digest] })]);
    expect((await view(id)).state).toBe('enforced');
  });

  it.each<Policy>(['strict', 'balanced', 'best-effort'])(
    'is unconfirmed by a silent best-effort process, whatever a %s one says, until it speaks',
    async (policy) => {
      const other = await registered('edge', policy);
      const lenient = await registered('lenient', 'best-effort');
      const { id, record } = await world.openCase(organization);
      await acked(record);
      await intake.take([other.receipt({ applied: [record.digest] })]);
      expect((await view(id)).state).toBe('open');
      expect((await view(id, 3 * S + 500)).state).toBe('unconfirmed');
      const late = new Date(Date.now() + 3 * S).toISOString();
      await intake.take([lenient.receipt({ at: late, applied: [record.digest] })]);
      expect(await view(id, 4 * S)).toMatchObject({
        state: 'enforced',
        timeline: { last_enforced_at: late },
      });
    },
  );

  it('of several records has been applied by a gateway when the last of them has', async () => {
    const process = await registered('edge');
    const { id, record } = await world.openCase(organization);
    const second = world.record({ org: organization, scope: 'family', case: id });
    await world.commit([second]);
    await acked(record);
    await intake.take([process.receipt({ applied: [record.digest] })]);
    expect(await view(id)).toMatchObject({
      state: 'open',
      timeline: { broker_acked_at: null, first_enforced_at: null },
      gateways: [{ state: 'pending' }],
    });
    const at = new Date(Date.now() + 50).toISOString();
    await acked(second);
    await intake.take([process.receipt({ at, applied: [second.digest] })]);
    expect(await view(id)).toMatchObject({
      state: 'enforced',
      timeline: { first_enforced_at: at, last_enforced_at: at },
    });
  });

  it('waits for a best-effort process that was silent for long, until its gateway is deleted', async () => {
    const process = await registered('edge', 'best-effort');
    await world.world.query(
      `update gateway_processes set first_seen_at = now() - interval '1 day', last_seen_at = now() - interval '1 h',
              lease_until = now() - interval '1 h'`,
    );
    const { id, record } = await world.openCase(organization);
    await acked(record);
    expect(await view(id, 3 * S + 500)).toMatchObject({ state: 'unconfirmed' });
    await gateways.remove(process.gateway, asking);
    expect(await view(id, 3 * S + 500)).toMatchObject({ state: 'bounded', gateways: [] });
  });

  const silentFor = (process: Process, seconds: number) =>
    world.world.query(
      `update gateway_processes set last_seen_at = now() - make_interval(secs => $2), lease_until = last_seen_at
        where boot = $1`,
      [process.boot, seconds],
    );

  it('waits for no best-effort process that is gone, and goes on waiting where it had begun to', async () => {
    const process = await registered('edge', 'best-effort');
    await silentFor(process, 3_600);
    const before = await world.openCase(organization);
    await acked(before.record);
    await gateways.declareGone(process, asking);
    const after = await world.openCase(organization);
    await acked(after.record);
    expect(await view(after.id, 3 * S + 500)).toMatchObject({ state: 'bounded', gateways: [] });
    expect(await view(before.id, 3 * S + 500)).toMatchObject({
      state: 'unconfirmed',
      gateways: [{ state: 'stale' }],
    });
  });

  /** Stored by the broker so long after the word. */
  const afterItWasGone = async (ms: number) => {
    const [row] = await world.world.query<{ at: Date }>(
      'select gone_at as at from gateway_processes',
    );
    return { storedAt: new Date(row!.at.getTime() + ms) };
  };
  const returns = (process: Process) =>
    world.world.query(
      `select convert_from(bytes, 'UTF8')::jsonb -> 'detail' ->> 'boot' as boot from audit.entry
        where action = 'gateway.process_returned' and subject_id = $1 and actor_id = subject_id`,
      [process.gateway],
    );

  it('waits for no process whose last word came in within a second after its goodbye', async () => {
    const process = await registered('edge', 'best-effort');
    await leases.end(process.gateway, process.boot, 'r');
    await intake.take([process.receipt({}, await afterItWasGone(900))]);
    const { id, record } = await world.openCase(organization);
    await acked(record);
    expect(await view(id, 3 * S + 500)).toMatchObject({ state: 'bounded', gateways: [] });
    expect(await returns(process)).toEqual([]);
    await intake.take([process.receipt({}, await afterItWasGone(1_100))]);
    expect(await view(id, 3 * S + 500)).toMatchObject({ state: 'unconfirmed' });
    expect(await returns(process)).toEqual([{ boot: process.boot }]);
  });

  it.each(['a lease', 'a receipt'])(
    'counts a process that was said to be gone as ever when %s shows that it is not',
    async (sign) => {
      const process = await registered('edge', 'best-effort');
      await silentFor(process, 3_600);
      await gateways.declareGone(process, asking);
      const { id, record } = await world.openCase(organization);
      await acked(record);
      if (sign === 'a lease') await process.lease();
      else await intake.take([process.receipt({}, await afterItWasGone(400))]);
      expect(await view(id, 3 * S + 500)).toMatchObject({
        state: 'unconfirmed',
        gateways: [{ state: 'stale' }],
      });
      expect(await returns(process)).toEqual([{ boot: process.boot }]);
      await process.lease();
      await intake.take([process.receipt()]);
      expect(await returns(process)).toHaveLength(1);
      await intake.take([process.receipt({ applied: [record.digest] })]);
      expect(await view(id)).toMatchObject({ state: 'enforced' });
    },
  );

  it('of another organization is not there', async () => {
    const { id } = await world.openCase(organization);
    const other = await world.world.organization();
    await world.transactions.read('service', async (tx) => {
      await expect(world.cases.get(tx, other, id)).resolves.toBeNull();
      await expect(world.cases.get(tx, null, id)).resolves.toBeNull();
      const list = await world.cases.list(tx, { organization: other, limit: 10 });
      expect(list.items).toEqual([]);
    });
  });

  it('stands in pages, the newest first', async () => {
    const ids: CaseId[] = [];
    for (let i = 0; i < 5; i += 1) ids.unshift((await world.openCase(organization)).id);
    await world.transactions.read('service', async (tx) => {
      const first = await world.cases.list(tx, { organization, limit: 3 });
      const second = await world.cases.list(tx, { organization, limit: 3, cursor: first.next! });
      expect([...first.items, ...second.items].map(({ id }) => id)).toEqual(ids);
      expect(second.next).toBeNull();
      await expect(
        world.cases.list(tx, { organization, limit: 3, cursor: 'nonsense' }),
      ).rejects.toMatchObject({
        code: 'request.invalid_value',
      });
    });
  });
});
