// P3, P4: what the document promises to gateways that we did not write is what the code reads and writes.
import { Parser } from '@asyncapi/parser';
import { beforeAll, describe, expect, it } from '@jest/globals';
import { Ajv } from 'ajv';
import fc from 'fast-check';
import { readFileSync } from 'node:fs';
import { parse } from 'yaml';
import {
  ACCESS_EVENTS,
  accountEvent,
  caseEvent,
  type AccessSubject,
  type SessionRevoked,
} from '../../src/contract/access-event.js';
import {
  MessageRefused,
  readReceipt,
  readRecord,
  readSnapshotPart,
  readWatermark,
} from '../../src/contract/read.js';
import {
  eventBytes,
  SCIM_EVENTS,
  securityEvent,
  versionTag,
  type Completion,
  type Notice,
  type SecurityEvent,
  type SecurityEventToken,
} from '../../src/contract/security-event.js';
import type { Receipt } from '../../src/contract/receipt.js';
import {
  CAUSE_KINDS,
  GENERATION_SCOPES,
  type RevocationRecord,
} from '../../src/contract/revocation-record.js';
import {
  MAX_PART_RECORDS,
  MAX_POSITION,
  type ChainHead,
  type SnapshotPart,
} from '../../src/contract/snapshot.js';
import { HEADER, topicsWith, type MessageType } from '../../src/contract/topics.js';
import { MAX_WATERMARK_BYTES, type Watermark } from '../../src/contract/watermark.js';
import { newId } from '../../src/kernel/ids.js';
import { TopicWriter } from '../support/topic-writer.js';

const text = readFileSync('docs/asyncapi.yaml', 'utf8');
const document = parse(text);
const schemas = document.components.schemas;
const openApi = JSON.parse(readFileSync('docs/openapi.json', 'utf8')) as { paths: object };

/** The members of each message, checked by the compiler against the contract's types. */
const MEMBERS = {
  revocation: {
    v: 1,
    org: 1,
    scope: 1,
    subject: 1,
    generation: 1,
    not_before: 1,
    cause: 1,
    case: 1,
    revoked_at: 1,
    audit: 1,
  } satisfies Record<keyof RevocationRecord, 1>,
  watermark: {
    v: 1,
    installation: 1,
    topic: 1,
    partition: 1,
    partitions: 1,
    epoch: 1,
    seq: 1,
    prev: 1,
    t: 1,
    more: 1,
    covers: 1,
    repair: 1,
    kids: 1,
  } satisfies Record<keyof Watermark, 1>,
  receipt: {
    v: 1,
    gateway: 1,
    boot: 1,
    at: 1,
    applied: 1,
    partitions: 1,
  } satisfies Record<keyof Receipt, 1>,
  snapshot: {
    v: 1,
    installation: 1,
    topic: 1,
    partitions: 1,
    epoch: 1,
    from: 1,
    to: 1,
    prev: 1,
    more: 1,
    t: 1,
    since: 1,
    count: 1,
    records: 1,
    heads: 1,
    kids: 1,
  } satisfies Record<keyof SnapshotPart, 1>,
} as const;
const HEAD = { partition: 1, seq: 1, digest: 1 } satisfies Record<keyof ChainHead, 1>;
const POSITION = { partition: 1, seq: 1, t: 1 } satisfies Record<
  keyof Receipt['partitions'][number],
  1
>;

/** On a topic, or only in the feed. */
type Kind = MessageType | 'snapshot';
const READERS: Record<Kind, (text: string) => unknown> = {
  revocation: readRecord,
  watermark: readWatermark,
  receipt: readReceipt,
  snapshot: readSnapshotPart,
};
const KINDS = Object.keys(READERS) as Kind[];
const TYPES = KINDS.filter((kind) => kind !== 'snapshot');
const sorted = (names: Iterable<string>): string[] => [...names].sort();

const ajv = new Ajv({ strict: false, validateFormats: false });
ajv.addSchema({ ...document, $id: 'asyncapi' });
const validators = new Map(
  KINDS.map((type) => [type, ajv.getSchema(`asyncapi#/components/schemas/${type}`)!]),
);
const isValid = (type: Kind, value: unknown): boolean => validators.get(type)!(value) as boolean;
const isRead = (type: Kind, value: unknown): boolean => {
  try {
    READERS[type](JSON.stringify(value));
    return true;
  } catch (error) {
    if (error instanceof MessageRefused) return false;
    throw error;
  }
};

const writer = new TopicWriter();
const SAMPLES: readonly [Kind, Record<string, unknown>][] = [
  ...GENERATION_SCOPES.map((scope) => ['revocation', writer.record({ scope }).record] as const),
  ...(['kid', 'ext'] as const).map(
    (scope) => ['revocation', writer.record({ scope }).record] as const,
  ),
  ['watermark', writer.watermark(Date.now()).watermark] as const,
  [
    'watermark',
    writer.watermark(Date.now(), [writer.record()], { kids: ['k'] }).watermark,
  ] as const,
  ...KINDS.map((type) => [type, schemas[type].examples[0]] as const),
  [
    'snapshot',
    {
      ...schemas.snapshot.examples[0],
      from: '1.740-740-',
      since: null,
      prev: schemas.digest.examples[0],
      count: MAX_PART_RECORDS,
      heads: [{ partition: 0, seq: 1, digest: schemas.digest.examples[0] }],
      kids: ['k'],
    },
  ] as const,
].map(([type, value]) => [type, { ...value }]);

describe('the AsyncAPI document', () => {
  let diagnostics: { severity: number; message: string }[];
  beforeAll(async () => {
    ({ diagnostics } = await new Parser().parse(text));
  });

  it('is valid AsyncAPI 3', () => {
    expect(document.asyncapi).toBe('3.0.0');
    expect(diagnostics.filter(({ severity }) => severity === 0)).toEqual([]);
  });

  it('names the topics of the contract', () => {
    const { revocations, events, receipts } = topicsWith('');
    const { channels } = document;
    const named = [channels.revocations, channels.events, channels.receipts];
    expect(named.map(({ address }) => address)).toEqual([revocations, events, receipts]);
    for (const channel of named) {
      expect(channel.bindings.kafka.topic).toBe(channel.address);
    }
  });

  it('names the headers and types of the contract', () => {
    expect(sorted(Object.keys(schemas.headers.properties))).toEqual(sorted(Object.values(HEADER)));
    expect(sorted(schemas.headers.required)).toEqual(sorted(Object.values(HEADER)));
    expect(sorted(schemas.headers.properties[HEADER.type].enum)).toEqual(
      sorted([...TYPES, 'event']),
    );
    for (const type of [...TYPES, 'event']) {
      const [, own] = document.components.messages[type].headers.allOf;
      expect(own.properties[HEADER.type].const).toBe(type);
    }
  });

  it.each(KINDS)('has exactly the members of a %s, all of them required', (type) => {
    expect(sorted(Object.keys(schemas[type].properties))).toEqual(
      sorted(Object.keys(MEMBERS[type])),
    );
    expect(sorted(schemas[type].required)).toEqual(sorted(Object.keys(MEMBERS[type])));
    expect(schemas[type].additionalProperties).toBe(false);
  });

  it('has exactly the members of a receipt’s positions', () => {
    const { items } = schemas.receipt.properties.partitions;
    expect(sorted(Object.keys(items.properties))).toEqual(sorted(Object.keys(POSITION)));
    expect(sorted(items.required)).toEqual(sorted(Object.keys(POSITION)));
  });

  it('describes the feed as it is served', () => {
    const { feed } = document.channels;
    expect(Object.keys(openApi.paths)).toContain(feed.address);
    expect(feed.description).toContain('offswitch:snapshot:v1');
    const { heads, count, to } = schemas.snapshot.properties;
    expect(sorted(heads.items.required)).toEqual(sorted(Object.keys(HEAD)));
    expect(count.maximum).toBe(MAX_PART_RECORDS);
    expect([to.$ref, schemas.position.maxLength]).toEqual([
      '#/components/schemas/position',
      MAX_POSITION,
    ]);
    expect(document.components.messages.snapshot.summary).toContain(
      MAX_PART_RECORDS.toLocaleString('en'),
    );
  });

  it('lists the scopes and causes of the contract', () => {
    const { scope, cause } = schemas.revocation.properties;
    expect(sorted(scope.enum)).toEqual(sorted([...GENERATION_SCOPES, 'kid', 'ext']));
    expect(sorted(cause.enum)).toEqual(sorted(CAUSE_KINDS));
  });

  it('names the size of a watermark', () => {
    const { summary } = document.components.messages.watermark;
    expect(summary).toContain(MAX_WATERMARK_BYTES.toLocaleString('en'));
  });

  it('takes what the headers of a signed message look like', () => {
    expect(
      ajv.validate({ $ref: 'asyncapi#/components/schemas/headers' }, writer.record().headers),
    ).toBe(true);
  });
});

describe('the events of the document', () => {
  const EVENT = {
    specversion: 1,
    id: 1,
    source: 1,
    type: 1,
    subject: 1,
    time: 1,
    datacontenttype: 1,
    org: 1,
    connection: 1,
    data: 1,
  } satisfies Record<keyof SecurityEvent, 1>;
  const TOKEN = { iss: 1, iat: 1, jti: 1, txn: 1, sub_id: 1, events: 1 } satisfies Record<
    keyof SecurityEventToken,
    1
  >;
  const NOTICE = { attributes: 1, version: 1 } satisfies Record<keyof Notice, 1>;
  const SESSION_REVOKED = {
    event_timestamp: 1,
    initiating_entity: 1,
    reason_admin: 1,
  } satisfies Record<keyof SessionRevoked, 1>;
  const isEvent = ajv.getSchema('asyncapi#/components/schemas/event')!;
  const happening = (more: Partial<Parameters<typeof securityEvent>[0]> = {}) => ({
    ...{ id: newId(), org: newId(), connection: newId(), txn: newId(), at: new Date() },
    identifier: null,
    resource: `/Users/${newId()}`,
    type: SCIM_EVENTS.put,
    events: {
      [SCIM_EVENTS.put]: { attributes: ['active'], version: versionTag(2) },
      [SCIM_EVENTS.activate]: {},
    },
    ...more,
  });

  it.each([
    ['an event', 'event', EVENT, ['connection']],
    ['a notice', 'notice', NOTICE, []],
    ['a session that was revoked', 'sessionRevoked', SESSION_REVOKED, []],
  ])(
    'have exactly the members of %s, all of them required but %j',
    (_, name, members, optional) => {
      const names = Object.keys(members);
      expect(sorted(Object.keys(schemas[name].properties))).toEqual(sorted(names));
      expect(sorted(schemas[name].required)).toEqual(
        sorted(names.filter((member) => !(optional as readonly string[]).includes(member))),
      );
      expect(schemas[name].additionalProperties).toBe(false);
    },
  );

  it('have exactly the members of a security event token', () => {
    const { data } = schemas.event.properties;
    expect(sorted(Object.keys(data.properties))).toEqual(sorted(Object.keys(TOKEN)));
    expect(sorted(data.required)).toEqual(sorted(Object.keys(TOKEN)));
  });

  it('have exactly the members of a completion', () => {
    const members = { method: 1, version: 1, status: 1, response: 1 } satisfies Record<
      keyof Completion,
      1
    >;
    const { completion } = schemas;
    expect(sorted(Object.keys(completion.properties))).toEqual(sorted(Object.keys(members)));
    expect(completion.required).toEqual(['method', 'status']);
    expect(completion.additionalProperties).toBe(false);
  });

  it('are of the types that are sent', () => {
    expect(schemas.eventType.enum).toEqual([
      ...Object.values(SCIM_EVENTS),
      ...Object.values(ACCESS_EVENTS),
    ]);
  });

  it('are of subjects as they are named', () => {
    const members = { tenant: 1, user: 1, device: 1, session: 1, application: 1 } satisfies Record<
      Exclude<keyof Extract<AccessSubject, { format: 'complex' }>, 'format'>,
      1
    >;
    const complex = schemas.subjectIdentifier.oneOf[2].properties;
    expect(sorted(Object.keys(complex))).toEqual(sorted(['format', ...Object.keys(members)]));
  });

  it.each([
    ['a change', {}],
    ['an operation of a bulk request', { txn: `${newId()}:12` }],
    ...[
      { method: 'PATCH', version: versionTag(3), status: '200' },
      {
        method: 'PUT',
        status: '400',
        response: {
          schemas: ['urn:ietf:params:scim:api:messages:2.0:Error'],
          scimType: 'invalidValue',
          status: '400',
        },
      },
    ].map(
      (completion: Completion) =>
        [
          `a completion with ${completion.status}`,
          {
            resource: '/Users',
            type: SCIM_EVENTS.asyncResponse,
            events: { [SCIM_EVENTS.asyncResponse]: completion },
          },
        ] as const,
    ),
    [
      'a deletion',
      {
        resource: `/Groups/${newId()}`,
        type: SCIM_EVENTS.delete,
        events: { [SCIM_EVENTS.delete]: {} },
      },
    ],
    ...(['org', 'user', 'device', 'family', 'api_key'] as const).flatMap((scope) =>
      CAUSE_KINDS.map(
        (cause) =>
          [
            `the ${cause} end of a ${scope}`,
            caseEvent({
              ...{ case: newId(), scope, subject: newId(), user: newId(), at: new Date(), cause },
              ...{ initiator: 'admin', isHeld: scope === 'user' },
            }),
          ] as const,
      ),
    ),
    [
      'a person who may come back, on an operator’s word',
      { ...accountEvent(newId(), newId(), ACCESS_EVENTS.accountEnabled), connection: null },
    ],
  ])('are sent as they are described: %s', (_, more) => {
    const sent = Buffer.from(
      eventBytes(securityEvent(happening(more), 'urn:offswitch:test')),
    ).toString('utf8');
    expect([isEvent(JSON.parse(sent)), isEvent.errors]).toEqual([true, null]);
  });

  it.each([
    ['a value', { [SCIM_EVENTS.put]: { attributes: [], version: versionTag(2), data: {} } }],
    ['an unknown event', { 'urn:ietf:params:scim:event:prov:put:full': {} }],
    ['a deactivation with attributes', { [SCIM_EVENTS.deactivate]: { attributes: ['active'] } }],
    ['a bulkId', { [SCIM_EVENTS.asyncResponse]: { method: 'POST', status: '201', bulkId: 'x' } }],
    ['an operator’s words', { [ACCESS_EVENTS.sessionRevoked]: { reason_admin: { en: 'x' } } }],
    ['an account with a reason', { [ACCESS_EVENTS.accountDisabled]: { reason: 'hijacking' } }],
    ['nothing', {}],
  ])('leave no room for %s', (_, events) => {
    const event = securityEvent(happening(), 'urn:offswitch:test');
    expect(isEvent({ ...event, data: { ...event.data, events } })).toBe(false);
  });
});

describe('the document and the readers', () => {
  it.each(SAMPLES)('both take a good %s (%#)', (type, value) => {
    expect([isValid(type, value), isRead(type, value)]).toEqual([true, true]);
  });

  const wrong = fc.oneof(
    fc.constantFrom<unknown>(
      null,
      true,
      -1,
      0,
      1,
      1.5,
      2 ** 53,
      '',
      '*',
      'kid',
      'x',
      [],
      [''],
      ['x'],
      {},
    ),
    fc.constantFrom('2026-01-01T00:00:00.000Z', '2026-01-01T00:00:00Z', newId()),
    fc.jsonValue(),
  );

  it.each(SAMPLES)('agree on every %s with a member exchanged (%#)', (type, value) => {
    fc.assert(
      fc.property(fc.constantFrom(...Object.keys(value)), wrong, (member, other) => {
        const bent = { ...value, [member]: other };
        expect([member, other, isRead(type, bent)]).toEqual([member, other, isValid(type, bent)]);
      }),
      { numRuns: 300 },
    );
  });

  it.each(SAMPLES)('both refuse a %s that lacks a member (%#)', (type, value) => {
    for (const member of Object.keys(value)) {
      const rest = Object.fromEntries(Object.entries(value).filter(([name]) => name !== member));
      expect([member, isValid(type, rest), isRead(type, rest)]).toEqual([member, false, false]);
    }
  });
});
