// P9: fail closed, and P1: what an IdP says about a person is understood as it was meant.
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { readOktaEventHook } from '../../../../src/signals/read/okta-event-hook.js';
import type { Reading } from '../../../../src/signals/read/reading.js';
import { oktaBody, type Loose } from '../fixtures.js';

const receivedAt = new Date('2026-03-02T10:15:31.100Z');
const read = (body: unknown): readonly Reading[] =>
  readOktaEventHook(body, { receivedAt, id: null, sentAt: null });
const one = (body: unknown): Loose => {
  const readings = read(body);
  expect(readings).toHaveLength(1);
  return readings[0];
};
/** The fixture with its only event changed. */
const changed = (name: string, change: (event: Loose) => void): unknown => {
  const body = oktaBody(name);
  change(body.data.events[0]);
  return body;
};

const ADA = [
  { kind: 'idp_user_id', value: '00u3m90rxKjGQ0G6L1d6' },
  { kind: 'external_id', value: '00u3m90rxKjGQ0G6L1d6' },
  { kind: 'user_name', value: 'ada@example.com' },
  { kind: 'email', value: 'ada@example.com' },
];

describe('what Okta says about a person', () => {
  it.each([
    ['user-deactivate', 'hold', 'deactivated'],
    ['user-activate', 'lift', 'deactivated'],
    ['user-reactivate', 'lift', 'deactivated'],
    ['user-suspend', 'hold', 'suspended'],
    ['user-unsuspend', 'lift', 'suspended'],
    ['user-delete-initiated', 'hold', 'deleted'],
    ['application-membership-remove', 'hold', 'application:0oabe0e2jruaQccDf0h7'],
    ['application-membership-add', 'lift', 'application:0oabe0e2jruaQccDf0h7'],
    ['group-membership-remove', 'revoke', 'group'],
    ['session-clear', 'revoke', 'session'],
    ['universal-logout', 'revoke', 'session'],
    ['account-reset-password', 'revoke', 'credential'],
    ['mfa-reset-all', 'revoke', 'credential'],
  ])('%s: %s, class %s, for the target and not for the actor', (name, effect, holdClass) => {
    const body = oktaBody(name);
    const [event] = body.data.events;
    expect(one(body)).toEqual({
      kind: 'signal',
      signal: {
        dedupeKey: event.uuid,
        eventType: event.eventType,
        occurredAt: new Date(event.published),
        effect,
        class: holdClass,
        subject: ADA,
      },
    });
  });

  it.each([
    'session-start',
    'session-end',
    'account-lock',
    'account-update-profile',
    'user-create',
    'group-membership-add',
    'user-deactivate-failed',
  ])('%s changes nothing, and is recorded', (name) => {
    const body = oktaBody(name);
    const [event] = body.data.events;
    expect(one(body)).toEqual({
      kind: 'irrelevant',
      signal: {
        dedupeKey: event.uuid,
        eventType: event.eventType,
        occurredAt: new Date(event.published),
        effect: 'none',
        class: 'none',
        subject: [],
      },
    });
  });

  it('reads every event of a delivery, each with a key of its own', () => {
    const readings = read(oktaBody('several-events'));
    expect(readings.map((reading: Loose) => [reading.kind, reading.signal.effect])).toEqual([
      ['signal', 'revoke'],
      ['signal', 'hold'],
      ['signal', 'hold'],
      ['irrelevant', 'none'],
    ]);
    expect(new Set(readings.map((reading: Loose) => reading.signal.dedupeKey)).size).toBe(4);
  });

  it('takes one event about two people as a signal for each', () => {
    const both = changed('user-deactivate', (event) => {
      event.target.push({
        id: '00u5t60iloOHN9pBi0h7',
        type: 'User',
        alternateId: 'grace@example.com',
      });
    });
    const readings: readonly Loose[] = read(both);
    expect(readings.map(({ signal }) => signal.subject[0].value)).toEqual([
      '00u3m90rxKjGQ0G6L1d6',
      '00u5t60iloOHN9pBi0h7',
    ]);
    expect(new Set(readings.map(({ signal }) => signal.dedupeKey)).size).toBe(2);
  });

  it('counts a target that is listed twice once', () => {
    const twice = changed('user-deactivate', (event) => event.target.push(event.target[0]));
    expect(read(twice)).toHaveLength(1);
  });

  it('never takes "unknown" for a login: that is what Okta writes where there is none', () => {
    const nameless = changed('user-deactivate', (event) => {
      event.target[0].alternateId = 'unknown';
    });
    expect(one(nameless).signal.subject).toEqual(ADA.slice(0, 2));
  });

  it('compares logins in lower case', () => {
    const loud = changed('user-deactivate', (event) => {
      event.target[0].alternateId = 'ADA@Example.COM';
    });
    expect(one(loud).signal.subject).toEqual(ADA);
  });

  it('keeps a login that is no address out of the e-mail addresses', () => {
    const plain = changed('user-deactivate', (event) => {
      event.target[0].alternateId = 'ada';
    });
    expect(one(plain).signal.subject).toEqual([
      ...ADA.slice(0, 2),
      { kind: 'user_name', value: 'ada' },
    ]);
  });
});

describe('an event that cannot be fully read', () => {
  it.each([
    [
      'no person',
      (event: Loose) => (event.target = event.target.filter((t: Loose) => t.type !== 'User')),
      'signal.subject_unreadable',
    ],
    ['no targets', (event: Loose) => delete event.target, 'signal.subject_unreadable'],
    [
      'targets that are no list',
      (event: Loose) => (event.target = { 0: event.target[0] }),
      'signal.subject_unreadable',
    ],
    [
      'a person without any name',
      (event: Loose) => (event.target[0] = { type: 'User' }),
      'signal.subject_unreadable',
    ],
    ['no uuid', (event: Loose) => delete event.uuid, 'signal.malformed'],
    ['a uuid that is no text', (event: Loose) => (event.uuid = 7), 'signal.malformed'],
    ['no event type', (event: Loose) => delete event.eventType, 'signal.malformed'],
  ])('with %s is refused', (_, change, code) => {
    expect(one(changed('user-deactivate', change))).toMatchObject({ kind: 'refused', code });
  });

  it.each([
    [
      'a time that is none',
      (event: Loose) => (event.published = 'yesterday'),
      'signal.time_unreadable',
    ],
    ['no time', (event: Loose) => delete event.published, 'signal.time_unreadable'],
    [
      'a local time',
      (event: Loose) => (event.published = '2026-03-02T10:15:12'),
      'signal.time_unreadable',
    ],
    [
      'a time in the future',
      (event: Loose) => (event.published = '2026-03-02T10:20:32Z'),
      'signal.time_unreadable',
    ],
    [
      'an id that is no text',
      (event: Loose) => (event.target[0].id = 42),
      'signal.subject_unreadable',
    ],
    [
      'a login that cannot be stored',
      (event: Loose) => (event.target[0].alternateId = 'a\0b'),
      'signal.subject_unreadable',
    ],
  ])('with %s deactivates all the same, and is refused', (_, change, code) => {
    const [signal, refusal, ...more]: readonly Loose[] = read(changed('user-deactivate', change));
    expect(signal).toMatchObject({ kind: 'signal', signal: { effect: 'hold' } });
    expect(refusal).toMatchObject({ kind: 'refused', code });
    expect(more).toEqual([]);
    expect(signal.signal.occurredAt.getTime()).toBeLessThanOrEqual(receivedAt.getTime());
  });

  it.each([
    ['a time that is none', (event: Loose) => (event.published = 'yesterday')],
    ['an id that is no text', (event: Loose) => (event.target[0].id = 42)],
    ['no outcome', (event: Loose) => delete event.outcome],
    ['an outcome that nobody knows', (event: Loose) => (event.outcome.result = 'MAYBE')],
  ])('with %s never lifts a hold', (_, change) => {
    expect(one(changed('user-activate', change)).kind).toBe('refused');
  });

  it('deactivates when Okta does not say how it went', () => {
    const silent = changed('user-deactivate', (event) => delete event.outcome);
    expect(one(silent).kind).toBe('signal');
  });

  it.each([
    ['none', (event: Loose) => event.target.splice(1, 1)],
    ['two', (event: Loose) => event.target.push({ type: 'AppInstance', id: '0oaOther' })],
    ['one with an id that is no name', (event: Loose) => (event.target[1].id = 'a:b/c')],
  ])('is refused when it must name one application and names %s', (_, change) => {
    expect(one(changed('application-membership-remove', change)).code).toBe('signal.malformed');
  });

  it('does not stop its neighbours', () => {
    const body = oktaBody('several-events');
    body.data.events[1] = 'nonsense';
    expect(read(body).map(({ kind }) => kind)).toEqual([
      'signal',
      'refused',
      'signal',
      'irrelevant',
    ]);
  });

  it.each([
    null,
    undefined,
    7,
    'text',
    [],
    {},
    { data: [] },
    { data: { events: {} } },
    { data: { events: [] } },
  ])('is refused when it is no delivery at all: %j', (body) => {
    expect(one(body)).toMatchObject({ kind: 'refused', code: 'signal.malformed' });
  });
});

describe('whatever arrives', () => {
  it('never throws, never says nothing, and is a signal only about somebody', () => {
    fc.assert(
      fc.property(fc.anything({ withNullPrototype: true }), (body) => {
        expect(read(body).every(({ kind }) => kind === 'refused')).toBe(true);
      }),
    );
  });

  it('never throws and never lifts by accident when a real event is damaged', () => {
    const types = ['user.lifecycle.deactivate', 'user.lifecycle.activate', 'user.session.clear'];
    fc.assert(
      fc.property(
        fc.constantFrom(...types),
        fc.constantFrom('uuid', 'published', 'outcome', 'target', 'eventType'),
        fc.anything(),
        (eventType, field, junk) => {
          const body = changed('user-deactivate', (event) => {
            event.eventType = eventType;
            event[field] = junk;
          });
          const readings: readonly Loose[] = read(body);
          expect(readings.length).toBeGreaterThan(0);
          for (const { kind, signal } of readings)
            if (kind === 'signal') {
              expect(signal.subject.length).toBeGreaterThan(0);
              if (signal.effect === 'lift') expect(readings).toHaveLength(1);
            }
          if (field !== 'eventType' && eventType === 'user.lifecycle.deactivate')
            expect(readings.some(({ kind }) => kind === 'irrelevant')).toBe(
              field === 'outcome' &&
                ['FAILURE', 'DENY', 'SKIPPED'].includes((junk as Loose)?.result),
            );
        },
      ),
    );
  });
});
