// P9: fail closed, and P4: an old event never lifts a newer hold.
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { Reading } from '../../../../src/signals/read/reading.js';
import { readStandardWebhook } from '../../../../src/signals/read/standard-webhooks.js';
import { webhook, type Loose } from '../fixtures.js';

const sentAt = new Date('2026-03-02T10:15:31.000Z');
const receivedAt = new Date('2026-03-02T10:15:31.100Z');
const read = (body: unknown, id: string | null = 'msg_1'): readonly Reading[] =>
  readStandardWebhook(body, { receivedAt, id, sentAt });
const one = (body: unknown, id?: string | null): Loose => {
  const readings = read(body, id);
  expect(readings).toHaveLength(1);
  return readings[0];
};
const USER = '0190a0c4-97a2-7f4e-8a8b-3c1f5f0c2d11';

describe('what an in-house system says about a person', () => {
  it.each([
    ['user-deprovisioned', 'hold', 'deprovisioned', ['idp_user_id', 'external_id']],
    ['user-deprovisioned-rotating', 'hold', 'deprovisioned', ['external_id']],
    ['user-deprovisioned-flat', 'hold', 'deprovisioned', ['user_name', 'email']],
    ['user-reactivated', 'lift', 'deprovisioned', ['idp_user_id', 'external_id']],
    ['user-suspended', 'hold', 'suspended', ['email']],
    ['user-unsuspended', 'lift', 'suspended', ['email']],
    ['user-sessions-revoked', 'revoke', 'session', ['user_name']],
  ])('%s: %s, class %s, by %j', (name, effect, holdClass, kinds) => {
    const { headers, body } = webhook(name);
    const reading = one(JSON.parse(body), headers['webhook-id']);
    expect(reading).toMatchObject({
      kind: 'signal',
      signal: { dedupeKey: headers['webhook-id'], effect, class: holdClass },
    });
    expect(reading.signal.subject.map(({ kind }: Loose) => kind)).toEqual(kinds);
  });

  it.each([
    ['user.deactivated', 'hold', 'deprovisioned'],
    ['user.deleted', 'hold', 'deleted'],
    ['user.restored', 'lift', 'deleted'],
  ])('%s: %s, class %s', (type, effect, holdClass) => {
    const body = { type, timestamp: '2026-03-02T10:15:12Z', user: { id: 'E-1042' } };
    expect(one(body).signal).toMatchObject({ eventType: type, effect, class: holdClass });
  });

  it('takes any other type as one that changes nothing', () => {
    expect(one(JSON.parse(webhook('invoice-paid').body))).toMatchObject({
      kind: 'irrelevant',
      signal: { eventType: 'invoice.paid', effect: 'none', subject: [] },
    });
  });

  it.each(['User.Deprovisioned', 'USER.DEPROVISIONED', ' user.deprovisioned\n'])(
    'takes %j for user.deprovisioned',
    (type) => {
      expect(one({ type, user: { id: 'E-1042' } })).toMatchObject({
        kind: 'signal',
        signal: { eventType: type.trim(), effect: 'hold', class: 'deprovisioned' },
      });
    },
  );

  it('takes a user both in data and at the top for one, if they name the same person', () => {
    const user = { email: 'Ada@example.com', id: null };
    const data = { user: { email: 'ada@example.com', department: 'field' } };
    expect(one({ type: 'user.deprovisioned', user, data }).signal.subject).toEqual([
      { kind: 'email', value: 'ada@example.com' },
    ]);
  });

  it('tries an id as ours, as a SCIM id, as the IdP’s and as an externalId', () => {
    const body = { type: 'user.deprovisioned', data: { user: { id: USER.toUpperCase() } } };
    expect(one(body).signal.subject).toEqual([
      { kind: 'user_id', value: USER },
      { kind: 'scim_id', value: USER },
      { kind: 'idp_user_id', value: USER.toUpperCase() },
      { kind: 'external_id', value: USER.toUpperCase() },
    ]);
  });

  it('compares user names and addresses in lower case, and ids to the letter', () => {
    const user = { external_id: 'E-1042', user_name: 'ADA', email: 'Ada@Example.com' };
    expect(one({ type: 'user.deprovisioned', user }).signal.subject).toEqual([
      { kind: 'external_id', value: 'E-1042' },
      { kind: 'user_name', value: 'ada' },
      { kind: 'email', value: 'ada@example.com' },
    ]);
  });

  it('takes null for a name that is not given, and passes over fields that it does not know', () => {
    const user = { id: null, email: 'ada@example.com', department: 'field' };
    const body = { type: 'user.deprovisioned', data: { user } };
    expect(one(body).signal.subject).toEqual([{ kind: 'email', value: 'ada@example.com' }]);
  });

  it('dates what takes access away by its attempt when it carries no time of its own', () => {
    const body = { type: 'user.deprovisioned', user: { id: 'E-1042' } };
    expect(one(body)).toMatchObject({ kind: 'signal', signal: { occurredAt: sentAt } });
  });

  it('refuses to lift a hold without a time: a late retry would lift a newer one', () => {
    const body = { type: 'user.reactivated', user: { id: 'E-1042' } };
    expect(one(body)).toMatchObject({ kind: 'refused', code: 'signal.time_unreadable' });
  });
});

describe('a webhook that cannot be fully read', () => {
  const deprovisioned = (more: object): object => ({
    type: 'user.deprovisioned',
    timestamp: '2026-03-02T10:15:12.862Z',
    ...more,
  });

  it.each([
    [
      'a time that is none',
      { timestamp: 'soon', user: { id: 'E-1042' } },
      'signal.time_unreadable',
    ],
    [
      'a number for a time',
      { timestamp: 1772446512, user: { id: 'E-1042' } },
      'signal.time_unreadable',
    ],
    [
      'a time in the future',
      { timestamp: '2027-01-01T00:00:00Z', user: { id: 'E-1042' } },
      'signal.time_unreadable',
    ],
    [
      'one name that is no text',
      { user: { id: 'E-1042', email: ['ada@example.com'] } },
      'signal.subject_unreadable',
    ],
    [
      'one name that is too long',
      { user: { id: 'E-1042', email: 'a'.repeat(513) } },
      'signal.subject_unreadable',
    ],
  ])('because of %s deprovisions all the same, and is refused', (_, more, code) => {
    const [signal, refusal]: readonly Loose[] = read(deprovisioned(more));
    expect(signal).toMatchObject({ kind: 'signal', signal: { effect: 'hold' } });
    expect(refusal).toMatchObject({ kind: 'refused', code });
  });

  it.each([
    ['no user', {}],
    ['a user that is a text', { user: 'E-1042' }],
    ['a user that is a list', { user: [{ id: 'E-1042' }] }],
    ['a user without a name', { data: { user: {} } }],
    ['names that are no text', { data: { user: { id: 42, email: true } } }],
    ['an empty name', { data: { user: { id: ' ' } } }],
    ['a name with U+0000', { data: { user: { id: 'a\0' } } }],
    ['a name with half a character', { data: { user: { id: 'a\ud800' } } }],
    ['two users', { user: { id: 'E-1' }, data: { user: { id: 'E-2' } } }],
  ])('because of %s is refused', (_, more) => {
    expect(one(deprovisioned(more)).kind).toBe('refused');
  });

  it.each([null, 7, 'text', [], {}, { type: 7 }, { type: 'user deprovisioned' }, { type: '' }])(
    'is refused when it is no webhook at all: %j',
    (body) => {
      expect(one(body)).toMatchObject({ kind: 'refused', code: 'signal.malformed' });
    },
  );
});

describe('whatever arrives', () => {
  const types = ['user.deprovisioned', 'user.reactivated', 'user.sessions_revoked', 'constructor'];

  it('never throws, never says nothing, and is a signal only about somebody', () => {
    fc.assert(
      fc.property(
        fc.record(
          {
            type: fc.oneof(fc.constantFrom(...types), fc.anything()),
            timestamp: fc.oneof(fc.constant('2026-03-02T10:15:12Z'), fc.anything()),
            data: fc.oneof(fc.record({ user: fc.anything() }), fc.anything()),
          },
          { requiredKeys: [] },
        ),
        (body) => {
          const readings: readonly Loose[] = read(body);
          expect(readings.length).toBeGreaterThan(0);
          for (const { kind, signal } of readings) {
            if (kind === 'signal') expect(signal.subject.length).toBeGreaterThan(0);
            if (kind === 'signal' && signal.effect === 'lift') expect(readings).toHaveLength(1);
            if (kind === 'irrelevant')
              expect([
                'user.deprovisioned',
                'user.reactivated',
                'user.sessions_revoked',
              ]).not.toContain(signal.eventType);
          }
        },
      ),
    );
  });
});
