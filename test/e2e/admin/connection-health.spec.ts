// P4, P6, P7, P9: how an IdP is doing is seen, one that has gone quiet is alarmed, and nobody's data is kept for it.
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { PostgresAuditLog } from '../../../src/audit/postgres/postgres-audit-log.js';
import type { AnsweredRequest, Sender } from '../../../src/directory/index.js';
import { NotedTraffic } from '../../../src/directory/traffic/noted-traffic.js';
import { EndingSecretsWatch } from '../../../src/directory/ending-secrets-watch.js';
import { SilenceWatch } from '../../../src/directory/traffic/silence-watch.js';
import { DomainError } from '../../../src/kernel/domain-error.js';
import { newId, type ConnectionId, type OrganizationId } from '../../../src/kernel/ids.js';
import { Transactions, type Lane, type Tx } from '../../../src/kernel/tx.js';
import { Throttle } from '../../../src/scim/throttle.js';
import { AdminApp } from '../../support/admin-app.js';
import { RememberingLog } from '../../support/remembering-log.js';
import { systemClock } from '../../support/world.js';
import { oktaBody } from '../../unit/signals/fixtures.js';

let app: AdminApp;
let org: string;

beforeAll(async () => {
  app = await AdminApp.start();
  org = await app.organization();
});
afterAll(() => app.stop());

interface Connected {
  readonly id: string;
  readonly secret: string;
}
const at = () => `/v1/organizations/${org}/connections`;
const connect = async (kind = 'scim', more: object = {}): Promise<Connected> =>
  (await app.ask('POST', at(), { body: { kind, name: 'an IdP', ...more } })).body as Connected;
const scim = ({ secret }: Connected, method: string, path: string, body?: unknown) =>
  app.ask(method, `/scim/v2${path}`, { key: secret, ...(body !== undefined && { body }) });
const flush = () => app.app.get(NotedTraffic).flush();
const look = () => app.app.get(SilenceWatch).look();
const healthOf = async ({ id }: Connected) => {
  await flush();
  return (await app.ask('GET', `${at()}/${id}/health`)).body;
};
const requestsOf = async ({ id }: Connected, query = '') => {
  await flush();
  return app.ask('GET', `${at()}/${id}/requests${query}`);
};
const PATCH_OP = 'urn:ietf:params:scim:api:messages:2.0:PatchOp';
const gone = {
  schemas: [PATCH_OP],
  Operations: [{ op: 'Replace', path: 'active', value: 'False' }],
};

/** Fails before the work, or after it (a lost reply to COMMIT), as long as it is told to. */
class BreakingTransactions extends Transactions {
  breaks: 'before' | 'after' | 'never' = 'never';

  constructor(readonly real: Transactions) {
    super();
  }

  override async run<T>(lane: Lane, work: (tx: Tx) => Promise<T>): Promise<T> {
    if (this.breaks === 'before') throw new DomainError('store.unavailable');
    const result = await this.real.run(lane, work);
    if (this.breaks === 'after') throw new DomainError('store.unavailable');
    return result;
  }

  override read<T>(lane: Lane, work: (tx: Tx) => Promise<T>): Promise<T> {
    return this.real.read(lane, work);
  }
}

const answered = (sender: Omit<Sender, 'secret'>): AnsweredRequest => ({
  sender: { ...sender, secret: null },
  requestId: newId(),
  at: new Date(),
  method: 'PATCH',
  route: '/scim/v2/Users/:id',
  operation: 'users.patch',
  status: 503,
  code: 'store.unavailable',
  ms: 1,
  named: null,
});

describe('the health of a connection', () => {
  it('waits until the IdP has shown its credential', async () => {
    const connection = await connect();
    expect(await healthOf(connection)).toMatchObject({
      org,
      connection: connection.id,
      state: 'waiting',
      last_request_at: null,
      error_streak: 0,
      silence_after_s: 86_400,
      secrets: [{ expires_at: null, last_used_at: null }],
      counts: [],
    });
  });

  it('says what it asked for, when it last succeeded, and which secret it used', async () => {
    const connection = await connect();
    const { body } = await scim(connection, 'POST', '/Users', { userName: 'count' });
    await scim(connection, 'PATCH', `/Users/${body.id}`, gone);
    await scim(connection, 'GET', '/Users/nobody');
    await scim(connection, 'POST', '/Users', { userName: 'count' });
    const health = await healthOf(connection);
    expect(health).toMatchObject({
      state: 'healthy',
      error_streak: 1,
      last_failure_code: 'scim.name_taken',
    });
    expect(health.counts).toEqual([
      { operation: 'users.create', outcome: 'ok', today: 1, days_30: 1 },
      { operation: 'users.create', outcome: 'refused', today: 1, days_30: 1 },
      { operation: 'users.get', outcome: 'refused', today: 1, days_30: 1 },
      { operation: 'users.patch', outcome: 'ok', today: 1, days_30: 1 },
    ]);
    expect(health.secrets).toMatchObject([{ last_used_at: health.last_request_at }]);
    await scim(connection, 'GET', '/Users');
    expect((await healthOf(connection)).error_streak).toBe(0);
  });

  it('takes nobody for the IdP who has not proven it', async () => {
    const connection = await connect();
    await scim({ ...connection, secret: connection.secret.slice(0, -50) }, 'GET', '/Users');
    await app.ask('POST', `${at()}/${connection.id}/secrets`, { body: { overlap_s: 0 } });
    expect((await scim(connection, 'GET', '/Users')).status).toBe(401);
    expect(await healthOf(connection)).toMatchObject({
      state: 'waiting',
      last_request_at: null,
      last_turned_away_at: expect.any(String),
      counts: [{ operation: 'door', outcome: 'turned_away', today: 1 }],
    });
  });

  it('of webhooks is seen as well', async () => {
    const hook = await connect('okta-event-hook');
    const send = (authorization: string, body: unknown) =>
      app.ask('POST', `/webhooks/${hook.id}`, { key: null, headers: { authorization }, body });
    expect((await send(hook.secret, oktaBody('user-deactivate'))).status).toBe(204);
    expect((await send('a wrong secret', {})).status).toBe(401);
    expect((await send(hook.secret, { data: 'what?' })).status).toBe(400);
    expect(await healthOf(hook)).toMatchObject({
      state: 'healthy',
      silence_after_s: null,
      error_streak: 1,
      last_failure_code: 'signal.malformed',
      counts: [
        { operation: 'door', outcome: 'turned_away' },
        { operation: 'signals', outcome: 'ok' },
        { operation: 'signals', outcome: 'refused' },
      ],
    });
    const { items } = (await requestsOf(hook)).body;
    expect(items).toMatchObject([
      {
        status: 400,
        code: 'signal.malformed',
        named: { events: [{ refused: 'signal.malformed' }] },
      },
      {
        status: 204,
        operation: 'signals',
        route: '/webhooks/:connection',
        named: { events: [{ event: 'user.lifecycle.deactivate', effect: 'hold' }] },
      },
    ]);
  });

  it('is noted by several replicas together', async () => {
    const connection = await connect();
    const beside = await AdminApp.start({ beside: app });
    try {
      await scim(connection, 'GET', '/Users');
      await beside.ask('GET', '/scim/v2/Users', { key: connection.secret });
      await Promise.all([flush(), beside.app.get(NotedTraffic).flush()]);
    } finally {
      await beside.leave();
    }
    expect((await healthOf(connection)).counts).toMatchObject([
      { operation: 'users.list', outcome: 'ok', days_30: 2 },
    ]);
  });

  it.each(['before', 'after'] as const)(
    'is counted once when the database breaks %s it has stored it',
    async (moment) => {
      const connection = await connect();
      const transactions = new BreakingTransactions(app.world.transactions);
      const log = new RememberingLog();
      const traffic = new NotedTraffic({
        ...{ transactions, log, clock: systemClock },
        audit: new PostgresAuditLog(),
      });
      const note = () => {
        traffic.note(
          answered({ organization: org as OrganizationId, connection: connection.id as never }),
        );
      };
      note();
      transactions.breaks = moment;
      await traffic.flush();
      expect(log.lines).toMatchObject([{ level: 'warn' }]);
      transactions.breaks = 'never';
      note();
      await traffic.flush();
      await traffic.flush();
      expect(await healthOf(connection)).toMatchObject({
        error_streak: 2,
        counts: [{ operation: 'users.patch', outcome: 'failed', days_30: 2 }],
      });
      expect((await requestsOf(connection)).body.items).toHaveLength(2);
    },
  );
});

describe('a connection that asks too much', () => {
  const GET = { method: 'GET', route: '/scim/v2/Users', body: null };
  const drained = ({ id }: Connected): void => {
    expect(() => {
      for (;;) app.app.get(Throttle).admit(id as ConnectionId, GET);
    }).toThrow('request.throttled');
  };

  it('is put off in the words of SCIM, and says who is gone all the same', async () => {
    const connection = await connect();
    const { body: person } = await scim(connection, 'POST', '/Users', { userName: 'throttled' });
    let putOff = await scim(connection, 'GET', '/Users');
    // What comes back meanwhile may let one in.
    while (putOff.status !== 429) {
      drained(connection);
      putOff = await scim(connection, 'GET', '/Users');
    }
    expect(putOff.body).toMatchObject({
      schemas: ['urn:ietf:params:scim:api:messages:2.0:Error'],
      status: '429',
    });
    expect(Number(putOff.headers.get('retry-after'))).toBeGreaterThan(0);
    drained(connection);
    expect((await scim(connection, 'PATCH', `/Users/${person.id}`, gone)).body.active).toBe(false);
    drained(connection);
    expect((await scim(connection, 'DELETE', `/Users/${person.id}`)).status).toBe(204);
    const health = await healthOf(connection);
    expect(health).toMatchObject({ state: 'healthy', error_streak: 0, last_failure_at: null });
    expect(health.counts).toContainEqual(
      expect.objectContaining({ operation: 'users.list', outcome: 'throttled' }),
    );
  });
});

describe('a silence', () => {
  const silenced = async (more: object = {}): Promise<Connected> => {
    const connection = await connect('scim', { silence_after_s: 3_600, ...more });
    await scim(connection, 'GET', '/Users');
    await flush();
    await app.world.query(
      `update connection_health set last_success_at = now() - interval '2 hours' where connection_id = $1`,
      [connection.id],
    );
    return connection;
  };
  const entriesOf = async ({ id }: Connected) => {
    const { body } = await app.ask('GET', `/v1/organizations/${org}/audit/events?limit=200`);
    return (body.items as { action: string; connection: string }[])
      .filter(({ action, connection }) => connection === id && /silent|heard/.test(action))
      .map(({ action }) => action);
  };
  const alarmsOf = ({ id }: Connected) =>
    app.lines.filter((line) => line.includes('"alarm":"connection_silent"') && line.includes(id));

  it('is audited and alarmed once, and over with the next success', async () => {
    const connection = await silenced();
    await Promise.all([look(), look()]);
    await look();
    expect(alarmsOf(connection)).toHaveLength(1);
    expect(await entriesOf(connection)).toEqual(['connection.silent']);
    expect(await healthOf(connection)).toMatchObject({
      state: 'silent',
      silent_since: expect.any(String),
    });
    expect(await (await fetch(`${app.url}/metrics`)).text()).toMatch(
      /^offswitch_connections_silent [1-9]/m,
    );
    // A question that fails is no sign that leavers get through.
    await scim(connection, 'POST', '/Users', { userName: '' });
    expect((await healthOf(connection)).state).toBe('silent');
    await scim(connection, 'GET', '/Users');
    expect(await healthOf(connection)).toMatchObject({ state: 'healthy', silent_since: null });
    expect(await entriesOf(connection)).toEqual(['connection.heard', 'connection.silent']);
  });

  it('is none before the first request, where nobody wants to know, or of a removed connection', async () => {
    const never = await connect('scim', { silence_after_s: 60 });
    const unwanted = await silenced({ silence_after_s: null });
    const removed = await silenced();
    await app.ask('DELETE', `${at()}/${removed.id}`);
    await look();
    for (const connection of [never, unwanted, removed])
      expect(await entriesOf(connection)).toEqual([]);
  });

  it('is measured by what the organization says', async () => {
    const connection = await silenced();
    const change = (body: object) => app.ask('PATCH', `${at()}/${connection.id}`, { body });
    expect((await change({ silence_after_s: 10_800 })).body.silence_after_s).toBe(10_800);
    await look();
    expect((await healthOf(connection)).state).toBe('healthy');
    await change({ silence_after_s: 60 });
    await look();
    expect((await healthOf(connection)).state).toBe('silent');
    expect((await change({})).body.silence_after_s).toBe(60);
    await change({ silence_after_s: null });
    expect(await healthOf(connection)).toMatchObject({ state: 'healthy', silence_after_s: null });
    for (const wrong of [59, 0, -1, 1.5, '60', 31_536_001])
      expect((await change({ silence_after_s: wrong })).status).toBe(400);
  });
});

describe('a secret that is about to end', () => {
  const lookAtSecrets = () => app.app.get(EndingSecretsWatch).look();
  const counted = async () => {
    const text = await (await fetch(`${app.url}/metrics`)).text();
    return Number(/^offswitch_connection_secrets_ending (\d+)/m.exec(text)?.[1]);
  };
  const alarmsOf = ({ id }: Connected) =>
    app.lines.filter(
      (line) => line.includes('"alarm":"connection_secret_ending"') && line.includes(id),
    );
  const entriesOf = async ({ id }: Connected) => {
    const { body } = await app.ask(
      'GET',
      `/v1/organizations/${org}/audit/events?action=connection.secret_ending&limit=200`,
    );
    return (body.items as { connection: string }[]).filter(({ connection }) => connection === id);
  };
  const rotate = async ({ id }: Connected, body: object) =>
    (await app.ask('POST', `${at()}/${id}/secrets`, { body })).body;
  /** As if the first secret had been made, and the second one after it, so many hours ago. */
  const madeHoursAgo = ({ id }: Connected, hours: number) =>
    app.world.query(
      `update connection_secrets set created_at = created_at - $2 * interval '1 hour',
              expires_at = expires_at - $2 * interval '1 hour'
        where connection_id = $1`,
      [id, hours],
    );

  it('is told once, while its IdP still shows it, and over when it shows the next one', async () => {
    const connection = await connect();
    await scim(connection, 'GET', '/Users');
    const { secret } = await rotate(connection, { overlap_s: 86_400 });
    await flush();
    await lookAtSecrets();
    // Somebody has just begun to rotate it, and has a day.
    expect(await healthOf(connection)).toMatchObject({ state: 'healthy', secret_ends_at: null });
    await madeHoursAgo(connection, 13);
    const before = await counted();
    await Promise.all([lookAtSecrets(), lookAtSecrets()]);
    await lookAtSecrets();
    expect(alarmsOf(connection)).toHaveLength(1);
    expect(await entriesOf(connection)).toMatchObject([
      { detail: { ends_at: expect.any(String) } },
    ]);
    expect(await healthOf(connection)).toMatchObject({
      state: 'ending',
      secret_ends_at: expect.any(String),
    });
    expect(before).toBeGreaterThan(0);
    await scim({ ...connection, secret }, 'GET', '/Users');
    expect(await healthOf(connection)).toMatchObject({ state: 'healthy', secret_ends_at: null });
    expect(await counted()).toBe(before - 1);
  });

  it('may be one that was given a life of its own', async () => {
    const connection = await connect('scim', { secret_life_s: 7_200 });
    expect(await healthOf(connection)).toMatchObject({ state: 'waiting', secret_ends_at: null });
    await app.world.query(
      `update connection_secrets set created_at = now() - interval '90 minutes', expires_at = now() + interval '30 minutes'
        where connection_id = $1`,
      [connection.id],
    );
    await lookAtSecrets();
    expect(alarmsOf(connection)).toHaveLength(1);
    expect(await healthOf(connection)).toMatchObject({ state: 'ending' });
    const next = await rotate(connection, { secret_life_s: 31_536_000 });
    expect(next).toMatchObject({ expires_at: expect.any(String) });
    await scim({ ...connection, secret: next.secret }, 'GET', '/Users');
    expect(await healthOf(connection)).toMatchObject({ state: 'healthy' });
    for (const wrong of [0, 3_599, -1, 1.5, '7200'])
      expect(
        (
          await app.ask('POST', `${at()}/${connection.id}/secrets`, {
            body: { secret_life_s: wrong },
          })
        ).status,
      ).toBe(400);
  });

  it('is none of a connection that was removed, that accepts keys, or whose secret has no end', async () => {
    const life = { secret_life_s: 7_200 };
    const [removed, keys, endless] = [
      await connect('scim', life),
      await connect('scim', { ...life, accepts: 'keys' }),
      await connect(),
    ];
    for (const { id } of [removed, keys])
      await app.world.query(
        `update connection_secrets set created_at = now() - interval '90 minutes', expires_at = now() + interval '30 minutes'
          where connection_id = $1`,
        [id],
      );
    await app.ask('DELETE', `${at()}/${removed.id}`);
    await lookAtSecrets();
    for (const connection of [removed, keys, endless])
      expect([await entriesOf(connection), alarmsOf(connection)]).toEqual([[], []]);
  });
});

describe('the last requests', () => {
  it('are listed newest first, page by page', async () => {
    const connection = await connect();
    const { body } = await scim(connection, 'POST', '/Users', { userName: 'page' });
    await scim(connection, 'PATCH', `/Users/${body.id}`, gone);
    const filter = encodeURIComponent('userName eq "page"');
    const found = await scim(connection, 'GET', `/Users?filter=${filter}`);
    expect(found.body.totalResults).toBe(1);
    const first = await requestsOf(connection, '?limit=2');
    expect(first.body.items).toMatchObject([
      {
        id: found.headers.get('x-request-id'),
        method: 'GET',
        route: '/scim/v2/Users',
        operation: 'users.list',
        status: 200,
        code: null,
        named: { filter: 'userName eq …' },
      },
      {
        method: 'PATCH',
        route: '/scim/v2/Users/:id',
        named: {
          active: 'false',
          operations: [{ op: 'Replace', path: 'active', value: '"False"' }],
        },
      },
    ]);
    const next = /<([^>]+)>/.exec(first.headers.get('link')!)![1]!;
    expect((await app.ask('GET', next)).body.items).toMatchObject([
      { operation: 'users.create', status: 201, named: { names: ['userName'] } },
    ]);
  });

  it('are two hundred at most, and none is older than thirty days', async () => {
    const connection = await connect();
    await scim(connection, 'GET', '/Schemas');
    for (let i = 0; i < 230; i += 1) {
      await scim(connection, 'GET', '/ServiceProviderConfig');
      if (i % 100 === 0) await flush();
    }
    await flush();
    const count = async () =>
      (
        await app.world.query<{ n: number }>(
          'select count(*)::int as n from connection_requests where connection_id = $1',
          [connection.id],
        )
      )[0]!.n;
    expect(await count()).toBe(200);
    await app.world.query(
      `update connection_requests set at = at - interval '31 days' where connection_id = $1`,
      [connection.id],
    );
    expect((await requestsOf(connection)).body.items).toEqual([]);
  });

  it('hold nothing that is anybody’s, nor does any line of the log', async () => {
    const marker = 'zq7marker';
    const lines = app.lines.length;
    const connection = await connect();
    const person = {
      userName: `${marker}@example.test`,
      externalId: marker,
      name: { familyName: marker },
      emails: [{ value: `${marker}@example.test`, type: marker }],
      password: marker,
      [marker]: marker,
    };
    const { body } = await scim(connection, 'POST', '/Users', person);
    await scim(connection, 'POST', '/Users', person);
    await scim(connection, 'PUT', `/Users/${body.id}`, { ...person, active: marker });
    await scim(connection, 'PATCH', `/Users/${body.id}`, {
      schemas: [PATCH_OP, marker],
      Operations: [
        { op: marker, path: `emails[value eq "${marker}"]`, value: marker },
        { op: 'add', path: marker, value: { [marker]: marker } },
      ],
    });
    await scim(connection, 'GET', `/Users/${marker}`);
    for (const filter of [`userName eq "${marker}"`, `${marker} eq "x"`, `"${marker}`])
      await scim(connection, 'GET', `/Users?filter=${encodeURIComponent(filter)}&${marker}=1`);
    await scim(connection, 'POST', '/Users/.search', { filter: `title co "${marker}"` });
    const hook = await connect('standard-webhooks');
    await app.ask('POST', `/webhooks/${hook.id}`, { key: null, body: { type: marker } });
    await flush();
    for (const table of ['connection_requests', 'connection_counts', 'connection_health']) {
      const rows = await app.world.query<{ all: string }>(`select t::text as all from ${table} t`);
      expect(rows.length).toBeGreaterThan(0);
      for (const { all } of rows) expect(all.toLowerCase()).not.toContain(marker);
    }
    expect(app.lines.slice(lines).join('').toLowerCase()).not.toContain(marker);
  });

  it('are shown to nobody of another organization', async () => {
    const connection = await connect();
    await scim(connection, 'GET', '/Users');
    const other = await app.organization();
    for (const what of ['health', 'requests']) {
      const path = `/v1/organizations/${other}/connections/${connection.id}/${what}`;
      expect((await app.ask('GET', path)).body).toMatchObject({
        status: 404,
        code: 'connection.unknown',
      });
    }
  });
});
