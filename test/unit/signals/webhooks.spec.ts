// P1: durable before polite, P6: trouble of ours is a 5xx, P9: fail closed.
import { beforeEach, describe, expect, it } from '@jest/globals';
import {
  AuditLog,
  Refusals,
  type AuditEntry,
  type LogId,
  type Refusal,
} from '../../../src/audit/index.js';
import {
  Deprovision,
  type SignalChange,
  type SignalOutcome,
} from '../../../src/deprovision/index.js';
import { ConnectionDoors, FailedAttempts, type WebhookDoor } from '../../../src/directory/index.js';
import { DomainError } from '../../../src/kernel/domain-error.js';
import {
  newId,
  type CaseId,
  type ConnectionId,
  type OrganizationId,
  type SignalId,
} from '../../../src/kernel/ids.js';
import { Transactions, type Tx } from '../../../src/kernel/tx.js';
import { Log } from '../../../src/platform/log/log.js';
import { Webhooks, type Delivered } from '../../../src/signals/webhooks.js';
import { FakeClock } from '../../support/fake-clock.js';
import { RememberedTraffic } from '../../support/remembered-traffic.js';
import { oktaBody } from './fixtures.js';

const SECRET = 'not-a-real-secret';
const ORGANIZATION = newId<OrganizationId>();
const CONNECTION = newId<ConnectionId>();
const INSTALLATION: LogId = newId<OrganizationId>();

class OneDoor extends ConnectionDoors {
  override scim(): Promise<never> {
    return Promise.reject(new Error('not asked here'));
  }

  override webhook(id: string): Promise<WebhookDoor | null> {
    if (id !== CONNECTION) return Promise.resolve(null);
    return Promise.resolve({
      organization: ORGANIZATION,
      connection: CONNECTION,
      kind: 'okta-event-hook',
      link: 'user-name',
      identitiesFrom: null,
      accepts: (text) => text === SECRET,
      hmacKeys: [],
      publicKey: null,
    });
  }
}

/** Takes signals; `failing` says which event types it fails at, and how. */
class TakingHeart extends Deprovision {
  readonly taken: SignalChange[] = [];
  readonly failing = new Map<string, Error>();
  outcome: SignalOutcome['kind'] = 'applied';

  override takeSignal(change: SignalChange): Promise<SignalOutcome> {
    const error = this.failing.get(change.signal.eventType);
    if (error) return Promise.reject(error);
    this.taken.push(change);
    const signal = newId<SignalId>();
    const opened = change.signal.effect === 'lift' ? null : newId<CaseId>();
    return Promise.resolve({ kind: this.outcome, signal, case: opened, repeated: false });
  }

  override changeResource = no;
  override changeGroup = no;
  override admitGroup = no;
  override dismissGroup = no;
  override revokeSubject = no;
  override revokePeople = no;
  override revokeApiKey = no;
  override liftHold = no;
}

class OneTransaction extends Transactions {
  override run<T>(_: unknown, work: (tx: Tx) => Promise<T>): Promise<T> {
    return work({} as Tx);
  }

  override read<T>(_: unknown, work: (tx: Tx) => Promise<T>): Promise<T> {
    return work({} as Tx);
  }
}

class KeptAudit extends AuditLog {
  readonly entries: AuditEntry[] = [];

  override append(_: Tx, entries: readonly AuditEntry[]): Promise<void> {
    this.entries.push(...entries);
    return Promise.resolve();
  }

  override now(): Promise<Date> {
    return Promise.resolve(new Date('2026-03-02T10:15:31.150Z'));
  }
}

class CountedRefusals extends Refusals {
  readonly counted: Refusal[] = [];

  override count(refusal: Refusal): void {
    this.counted.push(refusal);
  }
}

class KeptLog extends Log {
  readonly errors: string[] = [];

  override debug = nothing;
  override info = nothing;
  override warn = nothing;
  override error(message: string): void {
    this.errors.push(message);
  }
}

const no = (): Promise<never> => Promise.reject(new Error('not asked here'));
const nothing = (): void => undefined;

let heart: TakingHeart;
let audit: KeptAudit;
let refusals: CountedRefusals;
let log: KeptLog;
let webhooks: Webhooks;

beforeEach(() => {
  [heart, audit, refusals, log] = [
    new TakingHeart(),
    new KeptAudit(),
    new CountedRefusals(),
    new KeptLog(),
  ];
  webhooks = new Webhooks({
    doors: new OneDoor(),
    deprovision: heart,
    transactions: new OneTransaction(),
    audit,
    attempts: new FailedAttempts({
      ...{ refusals, log, installation: INSTALLATION },
      traffic: new RememberedTraffic(),
      clock: new FakeClock(),
    }),
    log,
  });
});

const delivered = (
  body: unknown,
  headers: Readonly<Record<string, string>> = { authorization: SECRET },
): Delivered => ({
  connection: CONNECTION,
  requestId: newId(),
  receivedAt: new Date('2026-03-02T10:15:31.100Z'),
  body: Buffer.from(typeof body === 'string' ? body : JSON.stringify(body)),
  header: (name) => (headers[name] === undefined ? [] : [headers[name]]),
  from: '127.0.0.1',
  isFrom: nothing,
  says: nothing,
});
const take = (body: unknown, headers?: Readonly<Record<string, string>>) =>
  webhooks.take(delivered(body, headers));
const types = (): readonly string[] => heart.taken.map(({ signal }) => signal.eventType);

describe('a delivery', () => {
  it('is answered when everything in it has been taken, as it happened, and last what changes nothing', async () => {
    await expect(take(oktaBody('several-events'))).resolves.toEqual({ status: 204, body: null });
    expect(types()).toEqual([
      'user.lifecycle.deactivate',
      'user.lifecycle.deactivate',
      'user.session.clear',
      'user.account.update_profile',
    ]);
  });

  it('belongs to the organization of the connection, whatever it says', async () => {
    const body = { ...oktaBody('user-deactivate'), organization: 'another' };
    await take(body);
    expect(heart.taken[0]?.origin).toMatchObject({
      organization: ORGANIZATION,
      connection: CONNECTION,
    });
  });

  it('with an event that fails is taken without it, and answered with the failure', async () => {
    const failure = new TypeError('a mistake of ours');
    heart.failing.set('user.lifecycle.deactivate', failure);
    await expect(take(oktaBody('several-events'))).rejects.toBe(failure);
    expect(types()).toEqual(['user.session.clear', 'user.account.update_profile']);
  });

  it('stops when the store is away, and is not answered with anything but that', async () => {
    const away = new DomainError('store.unavailable');
    heart.failing.set('user.session.clear', away);
    const body = oktaBody('several-events');
    body.data.events.push('nonsense');
    await expect(take(body)).rejects.toBe(away);
    expect(types()).toEqual(['user.lifecycle.deactivate', 'user.lifecycle.deactivate']);
    expect(audit.entries).toEqual([]);
  });

  it('with nonsense among its events is taken without it, audited, alarmed and refused', async () => {
    const body = oktaBody('several-events');
    const { uuid } = body.data.events[1];
    body.data.events[1] = { uuid };
    await expect(take(body)).rejects.toMatchObject({ code: 'signal.malformed', sort: 'invalid' });
    expect(types()).toHaveLength(3);
    expect(audit.entries).toEqual([
      expect.objectContaining({
        org: ORGANIZATION,
        action: 'signal.refused',
        outcome: 'refused',
        actor: { type: 'connection', id: CONNECTION },
        connection: CONNECTION,
        detail: expect.objectContaining({ code: 'signal.malformed', event: uuid }),
      }),
    ]);
    expect(log.errors).toHaveLength(1);
  });

  it.each(['', 'no JSON', '{"data":', '\ufeff{}x', 'null', '[]', '[[[[[['.repeat(50_000)])(
    'that is no JSON object is refused: %#',
    async (body) => {
      await expect(take(body)).rejects.toMatchObject({ code: 'signal.malformed' });
      expect(audit.entries).toHaveLength(1);
      expect(heart.taken).toEqual([]);
    },
  );

  it.each([
    ['a type', /"eventType":"user[^"]*"/, '$&,"eventType":"user.account.update_profile"'],
    [
      'an escaped type',
      /"eventType":"user[^"]*"/,
      '$&,"\\u0065ventType":"user.account.update_profile"',
    ],
    ['an outcome', /"result":"SUCCESS"/, '$&,"result":"FAILURE"'],
    ['its data', /\}$/, ',"data":{"events":[{"uuid":"u","eventType":"user.touched"}]}}'],
  ])('that deactivates, and says %s twice, is never read as harmless', async (_, said, twice) => {
    const body = JSON.stringify(oktaBody('user-deactivate')).replace(said, twice);
    await expect(take(body)).rejects.toMatchObject({ code: 'signal.malformed' });
    expect(heart.taken).toEqual([]);
    expect(audit.entries).toHaveLength(1);
    expect(log.errors).toHaveLength(1);
  });

  it('with a member that stands twice still takes access away, and gives none back', async () => {
    const body = oktaBody('several-events');
    body.data.events.push(...oktaBody('user-activate').data.events);
    const twice = JSON.stringify(body).replace(/"uuid":"[^"]*"/, '$&,$&');
    await expect(take(twice)).rejects.toMatchObject({ code: 'signal.malformed' });
    expect(types()).toEqual([
      'user.lifecycle.deactivate',
      'user.lifecycle.deactivate',
      'user.session.clear',
    ]);
  });

  it.each(['unknown_person', 'ambiguous_person'] as const)(
    'about an %s is accepted and alarmed',
    async (kind) => {
      heart.outcome = kind;
      await expect(take(oktaBody('user-deactivate'))).resolves.toEqual({ status: 204, body: null });
      expect(log.errors).toHaveLength(1);
    },
  );

  it.each(['unknown_person', 'ambiguous_person'] as const)(
    'that gives access back to an %s wakes nobody',
    async (kind) => {
      heart.outcome = kind;
      await expect(take(oktaBody('user-activate'))).resolves.toEqual({ status: 204, body: null });
      expect(log.errors).toEqual([]);
    },
  );

  it.each([
    [{}, 'credential.missing'],
    [{ authorization: '' }, 'credential.missing'],
    [{ authorization: 'not-the-secret' }, 'credential.invalid'],
    [{ authorization: `Bearer ${SECRET}` }, 'credential.invalid'],
  ])('with %j is counted and refused before anybody reads it', async (headers, code) => {
    await expect(take('no JSON', headers)).rejects.toMatchObject({ code, sort: 'unauthenticated' });
    expect(refusals.counted).toEqual([
      { log: ORGANIZATION, connection: CONNECTION, door: 'webhooks', reason: code },
    ]);
    expect([...audit.entries, ...heart.taken]).toEqual([]);
  });

  it('to a door that is not there is counted for the installation', async () => {
    const lost = { ...delivered({}), connection: newId() };
    await expect(webhooks.take(lost)).rejects.toMatchObject({ code: 'connection.unknown' });
    expect(refusals.counted).toEqual([
      { log: INSTALLATION, connection: null, door: 'webhooks', reason: 'connection.unknown' },
    ]);
  });
});

describe('Okta’s one-time check of a hook', () => {
  const headers = { authorization: SECRET, 'x-okta-verification-challenge': 'c41b2d-not-real' };

  it('gets its challenge back', async () => {
    await expect(webhooks.challenge(delivered('', headers))).resolves.toEqual({
      status: 200,
      body: { verification: 'c41b2d-not-real' },
    });
  });

  it('gets nothing back without the secret', async () => {
    const wrong = { ...headers, authorization: 'not-the-secret' };
    await expect(webhooks.challenge(delivered('', wrong))).rejects.toMatchObject({
      code: 'credential.invalid',
    });
    expect(refusals.counted).toHaveLength(1);
  });

  it('is refused without a challenge', async () => {
    await expect(webhooks.challenge(delivered(''))).rejects.toMatchObject({
      code: 'request.malformed',
    });
  });
});
