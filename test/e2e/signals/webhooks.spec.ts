// P1: durable before polite. P4: nothing is lost, nothing is undone. P6: trouble of ours is a 5xx. P7: organizations never meet. P9: fail closed.
import { createHmac, generateKeyPairSync, sign } from 'node:crypto';
import { Module, type DynamicModule } from '@nestjs/common';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { AuditModule } from '../../../src/audit/audit.module.js';
import { CountedRefusals } from '../../../src/audit/counted-refusals.js';
import { AuditLog } from '../../../src/audit/index.js';
import { createApp } from '../../../src/create-app.js';
import { Heart } from '../../../src/deprovision/heart.js';
import { Deprovision, type StoredResource } from '../../../src/deprovision/index.js';
import { DirectoryModule } from '../../../src/directory/directory.module.js';
import {
  ConnectionDoors,
  Connections,
  FailedAttempts,
  type ConnectionKind,
} from '../../../src/directory/index.js';
import { Clock } from '../../../src/kernel/clock.js';
import { newId, type ConnectionId, type Id, type OrganizationId } from '../../../src/kernel/ids.js';
import { Secret } from '../../../src/kernel/secret.js';
import { Transactions } from '../../../src/kernel/tx.js';
import { OpaqueSecrets } from '../../../src/platform/crypto/opaque-secrets.js';
import { Sealer } from '../../../src/platform/crypto/sealer.js';
import { sha256 } from '../../../src/platform/crypto/sha256.js';
import { Installation } from '../../../src/platform/installation/installation.js';
import { Log } from '../../../src/platform/log/log.js';
import { Metrics } from '../../../src/platform/metrics/metrics.js';
import { PinoLog } from '../../../src/platform/log/pino-log.js';
import { openLanes } from '../../../src/platform/postgres/lanes.js';
import { PostgresTransactions } from '../../../src/platform/postgres/postgres-transactions.js';
import { WebhooksController } from '../../../src/signals/webhooks.controller.js';
import { Webhooks } from '../../../src/signals/webhooks.js';
import { casesMet, toldOtherwise } from '../../support/told.js';
import { TcpProxy } from '../../support/tcp-proxy.js';
import { RememberingPublisher, systemClock, World } from '../../support/world.js';
import { oktaBody, type Loose } from '../../unit/signals/fixtures.js';

const installation = newId<Id<'installation'>>();
const asking = { actor: { type: 'admin_key', id: newId() }, requestId: newId() } as const;
const lines: string[] = [];
const log = new PinoLog({
  level: 'info',
  pretty: false,
  sink: { write: (line) => lines.push(line) },
});

@Module({})
class Application {}
@Module({})
class Platform {}
@Module({
  imports: [AuditModule, DirectoryModule],
  controllers: [WebhooksController],
  providers: [
    {
      provide: Webhooks,
      inject: [ConnectionDoors, Deprovision, Transactions, AuditLog, FailedAttempts],
      useFactory: (
        ...[doors, deprovision, transactions, audit, attempts]: [
          ConnectionDoors,
          Deprovision,
          Transactions,
          AuditLog,
          FailedAttempts,
        ]
      ) => new Webhooks({ doors, deprovision, transactions, audit, attempts, log }),
    },
  ],
})
class SignalsRoom {}

let world: World;
let wire: TcpProxy;
let lanes: Awaited<ReturnType<typeof openLanes>>;
let app: NestFastifyApplication;
let url: string;
const publisher = new RememberingPublisher();

/** The rooms as the application composes them; PostgreSQL stands behind a wire that can be cut. */
beforeAll(async () => {
  world = await World.open();
  wire = await TcpProxy.to(world.database.serviceUrl);
  lanes = await openLanes(new Secret(wire.instead(world.database.serviceUrl)));
  const transactions = new PostgresTransactions(lanes);
  const heart = new Heart({
    atOnce: 8,
    transactions,
    publisher,
    press: { hash: sha256, partitions: 3, epoch: 1 },
    clock: systemClock,
    setFailed: () => undefined,
  });
  const given = (token: Loose, useValue: unknown) => ({ provide: token, useValue });
  const providers = [
    given(Transactions, transactions),
    given(Clock, systemClock),
    given(Log, log),
    given(Metrics, new Metrics()),
    given(Deprovision, heart),
    given(Installation, new Installation(installation, 'urn:offswitch:test', 1, 3)),
    given(OpaqueSecrets, new OpaqueSecrets(new Uint8Array(32).fill(1))),
    given(Sealer, new Sealer(new Uint8Array(32).fill(2))),
  ];
  const platform: DynamicModule = {
    module: Platform,
    global: true,
    providers,
    exports: providers.map(({ provide }) => provide),
  };
  app = await createApp({ module: Application, imports: [platform, SignalsRoom] }, { log });
  await app.listen(0, '127.0.0.1');
  url = await app.getUrl();
});

afterAll(async () => {
  await app.close();
  await Promise.all(Object.values(lanes).map((lane) => lane.destroy()));
  await wire.close();
  await world.close();
});

beforeEach(() => {
  lines.length = 0;
  publisher.offered.length = 0;
});

interface Sender {
  readonly organization: OrganizationId;
  readonly connection: ConnectionId;
  readonly secret: string;
}

async function connect(
  kind: ConnectionKind,
  more: { organization?: OrganizationId; from?: ConnectionId; publicKey?: string } = {},
): Promise<Sender> {
  const organization = more.organization ?? (await world.organization());
  const { connection, secret } = await app.get(Connections, { strict: false }).create(
    {
      organization,
      kind,
      name: 'a connection',
      link: 'user-name',
      identitiesFrom: more.from ?? null,
      publicKey: more.publicKey ?? null,
    },
    asking,
  );
  return { organization, connection: connection.id, secret: secret?.reveal() ?? '' };
}

/** A person as their SCIM connection makes them, with one device token. */
async function person(
  organization: OrganizationId,
  more: { on?: ConnectionId; userName?: string; externalId?: string | null } = {},
): Promise<StoredResource> {
  const { userName = 'ada@example.com', externalId = '00u3m90rxKjGQ0G6L1d6' } = more;
  const outcome = await world.heart.changeResource({
    kind: 'create',
    origin: {
      organization,
      connection: more.on ?? (await world.connection(organization)),
      requestId: newId(),
      receivedAt: new Date(),
    },
    word: 'true',
    image: { userName, externalId, emails: [userName], active: true, attributes: { userName } },
  });
  if (outcome.kind !== 'done') throw new Error(outcome.kind);
  return outcome.resource;
}

const post = (sender: Pick<Sender, 'connection'>, body: unknown, headers: Record<string, string>) =>
  fetch(`${url}/webhooks/${sender.connection}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: typeof body === 'string' ? body : JSON.stringify(body),
  });

const okta = (sender: Sender, body: unknown): Promise<Response> =>
  post(sender, body, { authorization: sender.secret });

interface Attempt {
  readonly id?: string;
  readonly at?: Date;
  readonly with?: readonly string[];
}
const inHouse = (sender: Sender, body: unknown, attempt: Attempt = {}): Promise<Response> => {
  const { id = `msg_${newId()}`, at = new Date() } = attempt;
  const text = typeof body === 'string' ? body : JSON.stringify(body);
  const seconds = Math.floor(at.getTime() / 1000);
  const signatures = (attempt.with ?? [sender.secret]).map((secret) => {
    const key = Buffer.from(secret.slice('whsec_'.length), 'base64');
    return `v1,${createHmac('sha256', key).update(`${id}.${seconds}.${text}`).digest('base64')}`;
  });
  return post(sender, text, {
    'webhook-id': id,
    'webhook-timestamp': String(seconds),
    'webhook-signature': signatures.join(' '),
  });
};

const deprovisioned = (user: object, more: object = {}): object => ({
  type: 'user.deprovisioned',
  timestamp: new Date().toISOString(),
  data: { user },
  ...more,
});

const inbox = (connection: ConnectionId): Promise<Loose[]> =>
  world.query('select * from signal_inbox where connection_id = $1 order by id', [connection]);
const entries = async (organization: string, action: string): Promise<Loose[]> => {
  const found = await world.query<{ bytes: Buffer }>(
    'select bytes from audit.entry where organization_id = $1 and action = $2 order by at, id',
    [organization, action],
  );
  return found.map(({ bytes }) => JSON.parse(bytes.toString()));
};
const codeOf = async (answer: Response): Promise<unknown> => ((await answer.json()) as Loose).code;

describe('Okta', () => {
  it('deactivates a person of the SCIM connection: committed and offered to Kafka when it is answered', async () => {
    const organization = await world.organization();
    const scim = await world.connection(organization);
    const ada = await person(organization, { on: scim });
    await world.token(organization, ada.user, await world.device(organization));
    const hook = await connect('okta-event-hook', { organization, from: scim });

    const answer = await okta(hook, oktaBody('user-deactivate'));

    expect(answer.status).toBe(204);
    expect(await answer.text()).toBe('');
    expect(await world.holds(ada.user)).toEqual([`signal:${hook.connection}:deactivated`]);
    expect(await world.generation('user', ada.user)).toBe(2);
    const [{ revoked_case }] = (await world.query(
      'select revoked_case from device_tokens where user_id = $1',
      [ada.user],
    )) as Loose;
    expect(await inbox(hook.connection)).toEqual([
      expect.objectContaining({ outcome: 'applied', user_id: ada.user, case_id: revoked_case }),
    ]);
    expect(publisher.offered).toHaveLength(1);
  });

  it('revokes the target and never the administrator who did it', async () => {
    const hook = await connect('okta-event-hook');
    const ada = await person(hook.organization);
    const admin = await person(hook.organization, {
      userName: 'admin@example.com',
      externalId: '00u2di94bAMSEPvAY1d6',
    });
    await okta(hook, oktaBody('user-deactivate'));
    expect(await world.generation('user', ada.user)).toBe(2);
    expect(await world.generation('user', admin.user)).toBe(1);
  });

  it('applies an event once, however many deliveries of it arrive at the same time', async () => {
    const hook = await connect('okta-event-hook');
    const ada = await person(hook.organization);
    const body = oktaBody('user-deactivate');
    const answers = await Promise.all(Array.from({ length: 12 }, () => okta(hook, body)));
    expect(answers.map(({ status }) => status)).toEqual(Array(12).fill(204));
    expect(await world.generation('user', ada.user)).toBe(2);
    expect(await inbox(hook.connection)).toHaveLength(1);
    expect(publisher.offered).toHaveLength(1);
  });

  it('takes every event of a delivery, those of the people we know and those of the others', async () => {
    const hook = await connect('okta-event-hook');
    const grace = await person(hook.organization, {
      userName: 'grace@example.com',
      externalId: '00u5t60iloOHN9pBi0h7',
    });
    expect((await okta(hook, oktaBody('several-events'))).status).toBe(204);
    expect(await world.generation('user', grace.user)).toBe(2);
    expect((await inbox(hook.connection)).map(({ outcome }) => outcome).sort()).toEqual([
      'applied',
      'irrelevant',
      'unknown_person',
      'unknown_person',
    ]);
  });

  it.each([
    [['user-deactivate', 'user-activate'], []],
    [['user-activate', 'user-deactivate'], []],
    [['user-suspend', 'user-activate'], ['suspended']],
    [['user-deactivate', 'user-suspend', 'user-unsuspend'], ['deactivated']],
    [['user-delete-initiated', 'user-reactivate'], ['deleted']],
    [['application-membership-remove', 'user-activate'], ['application:0oabe0e2jruaQccDf0h7']],
    [['application-membership-remove', 'application-membership-add'], []],
    [['session-clear'], []],
  ])('%j leaves the holds %j, and what was issued before stays dead', async (names, holds) => {
    const hook = await connect('okta-event-hook');
    const ada = await person(hook.organization);
    for (const name of names) expect((await okta(hook, oktaBody(name))).status).toBe(204);
    const expected = holds.map((name) => `signal:${hook.connection}:${name}`);
    expect((await world.holds(ada.user)).sort()).toEqual(expected);
    expect(await world.generation('user', ada.user)).toBeGreaterThan(1);
  });

  it('lets no application lift the hold of another', async () => {
    const hook = await connect('okta-event-hook');
    const ada = await person(hook.organization);
    await okta(hook, oktaBody('application-membership-remove'));
    const other = oktaBody('application-membership-add');
    other.data.events[0].target[1].id = '0oaAnotherApplication';
    await okta(hook, other);
    expect(await world.holds(ada.user)).toEqual([
      `signal:${hook.connection}:application:0oabe0e2jruaQccDf0h7`,
    ]);
  });

  it('about somebody unknown opens a case, and applies when SCIM brings the person, before anybody can enrol', async () => {
    const hook = await connect('okta-event-hook');
    expect((await okta(hook, oktaBody('user-deactivate'))).status).toBe(204);
    const [waiting] = await inbox(hook.connection);
    expect(waiting).toMatchObject({ outcome: 'unknown_person', user_id: null });
    expect(lines.join('')).toContain('"alarm":"signal_person_unknown"');

    const ada = await person(hook.organization);
    expect(await world.holds(ada.user)).toEqual([`signal:${hook.connection}:deactivated`]);
    const [applied] = await inbox(hook.connection);
    expect(applied).toMatchObject({
      outcome: 'applied',
      user_id: ada.user,
      case_id: waiting.case_id,
    });
  });

  it('about one of two people of the same name revokes neither, and leaves an open case', async () => {
    const hook = await connect('okta-event-hook');
    const { organization } = hook;
    const alone = async () => world.connection(organization, { link: 'none' });
    const one = await person(organization, { on: await alone(), externalId: null });
    const two = await person(organization, { on: await alone(), externalId: null });
    expect((await okta(hook, oktaBody('user-deactivate'))).status).toBe(204);
    for (const { user } of [one, two]) expect(await world.generation('user', user)).toBe(1);
    const [kept] = await inbox(hook.connection);
    expect(kept).toMatchObject({ outcome: 'ambiguous_person' });
    expect(kept.case_id).not.toBeNull();
  });

  it('of one organization never reaches the people of another', async () => {
    const hook = await connect('okta-event-hook');
    const elsewhere = await person(await world.organization());
    await okta(hook, oktaBody('user-deactivate'));
    expect(await world.generation('user', elsewhere.user)).toBe(1);
  });

  it('says nonsense beside a deactivation: that happens, and the answer is 400, audited', async () => {
    const hook = await connect('okta-event-hook');
    const ada = await person(hook.organization);
    const body = oktaBody('user-deactivate');
    body.data.events.push({ ...body.data.events[0], uuid: 7 });
    const answer = await okta(hook, body);
    expect([answer.status, await codeOf(answer)]).toEqual([400, 'signal.malformed']);
    expect(await world.generation('user', ada.user)).toBe(2);
    expect(await entries(hook.organization, 'signal.refused')).toHaveLength(1);
  });

  it('checks a hook once: the challenge goes back, to whoever has the secret', async () => {
    const hook = await connect('okta-event-hook');
    const ask = (headers: Record<string, string>) =>
      fetch(`${url}/webhooks/${hook.connection}`, { headers });
    const challenge = { 'x-okta-verification-challenge': 'c41b2d-not-real' };
    const answer = await ask({ ...challenge, authorization: hook.secret });
    expect(answer.status).toBe(200);
    expect(await answer.json()).toEqual({ verification: 'c41b2d-not-real' });
    expect((await ask(challenge)).status).toBe(401);
    expect((await ask({ ...challenge, authorization: `${hook.secret}x` })).status).toBe(401);
    expect((await ask({ authorization: hook.secret })).status).toBe(400);
  });
});

describe('an in-house system', () => {
  it('deprovisions by our own id, and hears what came of it', async () => {
    const hr = await connect('standard-webhooks');
    const ada = await person(hr.organization);
    const answer = await inHouse(hr, deprovisioned({ id: ada.user }));
    expect(answer.status).toBe(200);
    const [taken] = await inbox(hr.connection);
    expect(await answer.json()).toEqual({
      signal: taken.id,
      outcome: 'applied',
      case: taken.case_id,
    });
    expect(await world.holds(ada.user)).toEqual([`signal:${hr.connection}:deprovisioned`]);
  });

  it.each([
    [{ id: '00u3m90rxKjGQ0G6L1d6' }],
    [{ external_id: '00u3m90rxKjGQ0G6L1d6' }],
    [{ user_name: 'ADA@example.com' }],
    [{ email: 'Ada@Example.com' }],
    [{ id: 'nobody', email: 'ada@example.com' }],
  ])('deprovisions by %j', async (user) => {
    const hr = await connect('standard-webhooks');
    const ada = await person(hr.organization);
    expect((await inHouse(hr, deprovisioned(user))).status).toBe(200);
    expect(await world.generation('user', ada.user)).toBe(2);
  });

  it('gets the first answer again for what it repeats, also late, and nothing happens twice', async () => {
    const hr = await connect('standard-webhooks');
    const ada = await person(hr.organization);
    const id = 'msg_the-same';
    const body = deprovisioned({ id: ada.user });
    const first = await (await inHouse(hr, body, { id })).json();
    const again = await inHouse(hr, body, { id });
    const late = await inHouse(hr, body, { id, at: new Date(Date.now() - 3_600_000) });
    for (const answer of [again, late]) {
      expect(answer.status).toBe(200);
      expect(await answer.json()).toEqual(first);
    }
    expect(await world.generation('user', ada.user)).toBe(2);
  });

  it('about somebody else under a used id is a signal of its own: nobody stays because ids repeat', async () => {
    const hr = await connect('standard-webhooks');
    const ada = await person(hr.organization);
    const bob = await person(hr.organization, {
      userName: 'bob@example.com',
      externalId: '00ubob',
    });
    const id = 'msg_';
    for (const { user } of [ada, bob]) {
      const answer = await inHouse(hr, deprovisioned({ id: user }), { id });
      expect(answer.status).toBe(200);
    }
    expect(await world.generation('user', ada.user)).toBe(2);
    expect(await world.generation('user', bob.user)).toBe(2);
  });

  it.each([-301_000, 302_000])('is refused %d ms away with what we have never seen', async (ms) => {
    const hr = await connect('standard-webhooks');
    const ada = await person(hr.organization);
    const answer = await inHouse(hr, deprovisioned({ id: ada.user }), {
      at: new Date(Date.now() + ms),
    });
    expect([answer.status, await codeOf(answer)]).toEqual([401, 'signal.stale']);
    expect(answer.headers.get('www-authenticate')).not.toBeNull();
    expect(await world.generation('user', ada.user)).toBe(1);
    await app.get(CountedRefusals, { strict: false }).flush('all');
    expect(await entries(hr.organization, 'credential.refused')).toEqual([
      expect.objectContaining({ connection: hr.connection, outcome: 'refused' }),
    ]);
  });

  it('is refused with a wrong signature, and many of them are one entry', async () => {
    const hr = await connect('standard-webhooks');
    const wrong = `whsec_${Buffer.alloc(32, 9).toString('base64')}`;
    const answers = await Promise.all(
      [1, 2, 3].map(() => inHouse(hr, deprovisioned({ id: 'x' }), { with: [wrong] })),
    );
    for (const answer of answers)
      expect([answer.status, await codeOf(answer)]).toEqual([401, 'signal.unverified']);
    await app.get(CountedRefusals, { strict: false }).flush('all');
    const counted = await entries(hr.organization, 'credential.refused');
    expect(counted.reduce<number>((sum, { detail }) => sum + Number(detail.count), 0)).toBe(3);
    expect(counted.length).toBeLessThanOrEqual(2);
    expect(await inbox(hr.connection)).toEqual([]);
  });

  it('rotates its secret: the old and the new one sign side by side', async () => {
    const hr = await connect('standard-webhooks');
    const ada = await person(hr.organization);
    const { secret } = await app
      .get(Connections, { strict: false })
      .rotate({ organization: hr.organization, id: hr.connection }, { overlapS: 3600 }, asking);
    const signers = [[hr.secret], [secret.reveal()], [`whsec_${'A'.repeat(44)}`, secret.reveal()]];
    for (const one of signers)
      expect((await inHouse(hr, deprovisioned({ id: ada.user }), { with: one })).status).toBe(200);
    expect(await world.generation('user', ada.user)).toBe(4);
  });

  it('signs with a key of its own', async () => {
    const { publicKey, privateKey } = generateKeyPairSync('ed25519');
    const raw = Buffer.from(publicKey.export({ format: 'jwk' }).x!, 'base64url');
    const hr = await connect('standard-webhooks', { publicKey: `whpk_${raw.toString('base64')}` });
    const ada = await person(hr.organization);
    const at = String(Math.floor(Date.now() / 1000));
    const body = JSON.stringify(deprovisioned({ id: ada.user }));
    const signature = sign(null, Buffer.from(`msg_1.${at}.${body}`), privateKey).toString('base64');
    const headers = { 'webhook-id': 'msg_1', 'webhook-timestamp': at };
    const signed = { ...headers, 'webhook-signature': `v1a,${signature}` };
    expect((await post(hr, `${body} `, signed)).status).toBe(401);
    expect((await post(hr, body, signed)).status).toBe(200);
    expect(await world.generation('user', ada.user)).toBe(2);
  });

  it.each(['application/json', 'text/plain', 'application/x-www-form-urlencoded'])(
    'may call its body %s: what counts is the signature over the bytes',
    async (type) => {
      const hr = await connect('standard-webhooks');
      const ada = await person(hr.organization);
      const body = JSON.stringify(deprovisioned({ id: ada.user }), null, 3);
      const at = String(Math.floor(Date.now() / 1000));
      const mac = createHmac('sha256', Buffer.from(hr.secret.slice(6), 'base64'));
      const answer = await post(hr, body, {
        'content-type': type,
        'webhook-id': 'msg_1',
        'webhook-timestamp': at,
        'webhook-signature': `v1,${mac.update(`msg_1.${at}.${body}`).digest('base64')}`,
      });
      expect(answer.status).toBe(200);
      expect(await world.generation('user', ada.user)).toBe(2);
    },
  );

  it.each([
    '',
    'no JSON',
    '[]',
    '{"type":"user.deprovisioned"}',
    '{"type":"user.deprovisioned","user":{"id":7}}',
  ])('is told 400 for %j, rightly signed, and the audit log has it', async (body) => {
    const hr = await connect('standard-webhooks');
    const answer = await inHouse(hr, body);
    expect(answer.status).toBe(400);
    expect(await codeOf(answer)).toMatch(/^signal\./);
    expect(await entries(hr.organization, 'signal.refused')).toHaveLength(1);
    expect(await inbox(hr.connection)).toEqual([]);
  });

  it('is told that a type means nothing here', async () => {
    const hr = await connect('standard-webhooks');
    const answer = await inHouse(hr, { type: 'invoice.paid', data: {} });
    expect(answer.status).toBe(200);
    expect(await answer.json()).toMatchObject({ outcome: 'irrelevant', case: null });
    expect(await entries(hr.organization, 'signal.received')).toHaveLength(1);
  });
});

describe('the door', () => {
  it('is not there for unknown ids, other kinds and removed connections', async () => {
    const scim = await connect('scim');
    const gone = await connect('okta-event-hook');
    await app
      .get(Connections, { strict: false })
      .remove({ organization: gone.organization, id: gone.connection }, asking);
    for (const connection of [
      newId<ConnectionId>(),
      'x' as ConnectionId,
      scim.connection,
      gone.connection,
    ]) {
      const answer = await okta({ ...gone, connection }, oktaBody('user-deactivate'));
      expect([answer.status, await codeOf(answer)]).toEqual([404, 'connection.unknown']);
    }
    const hr = await connect('standard-webhooks');
    expect((await fetch(`${url}/webhooks/${hr.connection}`)).status).toBe(404);
  });

  it('does not open with the secret of another connection', async () => {
    const one = await connect('okta-event-hook');
    const two = await connect('okta-event-hook');
    const answer = await okta({ ...one, secret: two.secret }, oktaBody('user-deactivate'));
    expect(answer.status).toBe(401);
    expect(await inbox(one.connection)).toEqual([]);
  });

  it('answers 503 while PostgreSQL is away, takes the retry, and has lost nothing', async () => {
    const hook = await connect('okta-event-hook');
    const ada = await person(hook.organization);
    wire.cut();
    try {
      const answer = await okta(hook, oktaBody('user-deactivate'));
      expect([answer.status, await codeOf(answer)]).toEqual([503, 'store.unavailable']);
      expect(answer.headers.get('retry-after')).toMatch(/^\d+$/);
    } finally {
      wire.heal();
    }
    expect(await world.generation('user', ada.user)).toBe(1);
    expect((await okta(hook, oktaBody('user-deactivate'))).status).toBe(204);
    expect(await world.generation('user', ada.user)).toBe(2);
  });

  it('writes no secret, name or body into its log', async () => {
    const hook = await connect('okta-event-hook');
    await okta(hook, oktaBody('user-deactivate'));
    await okta({ ...hook, secret: 'ofs_hook_not-a-real-secret' }, oktaBody('user-deactivate'));
    await okta(hook, {
      data: {
        events: [{ uuid: 'u', eventType: 'user.lifecycle.deactivate', target: 'ada@example.com' }],
      },
    });
    const written = lines.join('');
    expect(written).not.toMatch(/ada@example|not-a-real-secret|00u3m90rx/);
    expect(written).not.toContain(hook.secret);
  });
});

it('each case of a signal is told exactly once, under its own id, one of several in a delivery by its number', async () => {
  expect(await casesMet(world)).toContain('signal user');
  expect(await toldOtherwise(world)).toEqual([]);
  const txns = await world.query<{ txn: string }>(
    `select e.txn from events_pending e join cases c using (id) where c.cause_kind = 'signal' and e.txn like '%:%'`,
  );
  expect(txns.length).toBeGreaterThan(0);
  expect(new Set(txns.map(({ txn }) => txn)).size).toBe(txns.length);
});
