// P2: dead stays dead; P3: bounded staleness. From a revocation to the receipts that complete its case.
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import kafkajs from 'kafkajs';
import { ACCESS_EVENTS } from '../../../src/contract/access-event.js';
import { SCIM_EVENTS, type SecurityEvent } from '../../../src/contract/security-event.js';
import { topicsWith } from '../../../src/contract/topics.js';
import { newId } from '../../../src/kernel/ids.js';
import { RecordKeys } from '../../../src/platform/crypto/key-ring.js';
import { readLog, type LoggedMessage } from '../../../src/platform/kafka/read-log.js';
import { Company } from '../../support/company.js';
import { eventually } from '../../support/eventually.js';
import { FOREIGN, foreignClaims, ForeignIdp, ForeignKey } from '../../support/foreign-idp.js';
import { silentLog } from '../../support/outbox-world.js';
import type { RunningGateway } from '../../support/running-gateway.js';
import { bearer, RunningService } from '../../support/running-service.js';

const { Kafka, logLevel } = kafkajs;

let service: RunningService;
let gateways: RunningGateway[];
let company: Company;

beforeAll(async () => {
  service = await RunningService.start();
  gateways = await Promise.all([service.gateway(), service.gateway()]);
  company = await Company.found(service);
  await eventually(() => gateways.every(({ gateway }) => gateway.isReady));
}, 120_000);

afterAll(async () => {
  await Promise.all(gateways.map((gateway) => gateway.stop()));
  await service.stop();
});

/** What the events topic tells of one person. */
async function eventsAbout(user: string) {
  const settings = { brokers: [service.brokers], tls: false, sasl: null, clientId: 'test' };
  const found: { readonly message: LoggedMessage; readonly event: SecurityEvent }[] = [];
  const take = (message: LoggedMessage): void => {
    const event = JSON.parse(Buffer.from(message.value).toString('utf8')) as SecurityEvent;
    if (event.subject.endsWith(`/${user}`)) found.push({ message, event });
  };
  const reading = {
    topic: topicsWith(service.identity.prefix).events,
    last: 'all',
    take,
  } as const;
  await readLog(settings, reading, { log: silentLog, stop: new AbortController().signal });
  return found;
}

/** As Okta's event hook says it. */
const suspended = (userName: string): object => ({
  eventType: 'com.okta.event_hook',
  data: {
    events: [
      {
        ...{ uuid: newId(), eventType: 'user.lifecycle.suspend' },
        published: new Date().toISOString(),
        outcome: { result: 'SUCCESS' },
        target: [{ id: newId(), type: 'User', alternateId: userName }],
      },
    ],
  },
});

const outcomes = (token: string): string[] => gateways.map((gateway) => gateway.outcome(token));

describe('a revocation', () => {
  it.each(['user', 'device'] as const)(
    'of a %s is denied at every gateway, and their receipts complete its case',
    async (scope) => {
      const [leaver, other] = [await company.enrol(service), await company.enrol(service)];
      expect(outcomes(leaver.token)).toEqual(['allow', 'allow']);
      const at = `/v1/organizations/${company.id}`;
      const subject = { scope, id: leaver[scope] };
      const made = await service.admin('POST', `${at}/revocations`, { subject, reason: 'left' });
      expect(made.status).toBe(201);
      const denied = `deny: revoked.${scope}`;
      await eventually(() => outcomes(leaver.token).every((outcome) => outcome === denied));
      expect(outcomes(other.token)).toEqual(['allow', 'allow']);
      const look = async () => (await service.admin('GET', `${at}/cases/${made.body.id}`)).body;
      await eventually(async () => (await look()).state === 'enforced');
      const { gateways: answers, timeline, records } = await look();
      expect(answers).toMatchObject([{ state: 'applied' }, { state: 'applied' }]);
      expect(records).toHaveLength(1);
      const order = [
        timeline.received_at,
        timeline.revoked_at,
        timeline.first_enforced_at,
        timeline.last_enforced_at,
      ];
      expect(order).toEqual([...order].sort());
    },
  );

  it('over SCIM ends what a foreign issuer has signed for whoever left, at gateways that let it in', async () => {
    const key = new ForeignKey('RS256');
    const idp = await ForeignIdp.start();
    idp.keys.push(key.jwk);
    const [accepting, refusing] = [
      await Promise.all([
        service.gateway({ foreignTokens: 'accept' }),
        service.gateway({ foreignTokens: 'accept', source: 'http' }),
      ]),
      gateways[0]!,
    ];
    try {
      const registered = await service.admin('POST', `/v1/organizations/${company.id}/issuers`, {
        ...{ issuer: FOREIGN, audience: 'api://things', jwks_url: idp.url },
        subject: 'external_id',
      });
      expect(registered.status).toBe(201);
      const [leaver, other] = [newId(), newId()];
      const user = await company.provision(service, { externalId: leaver });
      await company.provision(service, { externalId: other });
      const signed = (sub: string) =>
        key.token(foreignClaims(Math.floor(Date.now() / 1000), { sub }));
      // With the lease that names the issuer, its keys, and a second that begins after the registration.
      await eventually(() => {
        const token = signed(other);
        return accepting.every((gateway) => gateway.outcome(token) === 'allow-foreign');
      });
      const [left, stayed] = [signed(leaver), signed(other)];
      expect(accepting.map((one) => one.outcome(left))).toEqual(['allow-foreign', 'allow-foreign']);
      expect(refusing.outcome(left)).toBe('deny: token.malformed');
      expect((await company.leave(service, user)).status).toBe(200);
      await eventually(() => accepting.every((one) => one.outcome(left) === 'deny: revoked.ext'));
      expect(accepting.map((one) => one.outcome(stayed))).toEqual([
        'allow-foreign',
        'allow-foreign',
      ]);
      const cases = `/v1/organizations/${company.id}/cases?user=${user}`;
      const look = async () => (await service.admin('GET', cases)).body.items[0];
      await eventually(async () => (await look()).state === 'enforced');
      expect((await look()).records).toHaveLength(2);
      // What the issuer signs later is let in: that it signs nothing is the issuer's business.
      await eventually(() => accepting[0].outcome(signed(leaver)) === 'allow-foreign');
      await service.admin(
        'DELETE',
        `/v1/organizations/${company.id}/issuers/${registered.body.id}`,
      );
      await eventually(() =>
        accepting.every((one) => one.outcome(stayed) === 'deny: token.malformed'),
      );
    } finally {
      await Promise.all([...accepting.map((one) => one.stop()), idp.stop()]);
    }
  });

  it('over SCIM is told on the events topic too, signed, with the id of its request', async () => {
    const { user } = await company.enrol(service);
    const answer = await company.leave(service, user);
    expect(answer.status).toBe(200);
    const ofUser = () => eventsAbout(user);
    await eventually(async () => (await ofUser()).length === 2);
    const [joined, left] = await ofUser();
    expect(joined?.event).toMatchObject({ type: SCIM_EVENTS.create, org: company.id });
    expect(left?.event.data).toMatchObject({
      iss: left?.event.source,
      jti: left?.event.id,
      sub_id: { format: 'scim', uri: `/Users/${user}` },
      events: { [SCIM_EVENTS.deactivate]: {} },
    });
    const entries = await service.admin(
      'GET',
      `/v1/organizations/${company.id}/audit/events?action=user.deprovisioned`,
    );
    expect(JSON.stringify(entries.body)).toContain(left?.event.data.txn);
    const keys = new RecordKeys(service.identity.recordKeys);
    for (const { message } of [joined!, left!]) {
      const signed = Buffer.concat([Buffer.from('offswitch:event:v1\n'), message.value]);
      const signature = Buffer.from(message.headers['ofs-sig']!, 'base64url');
      expect(keys.verify(message.headers['ofs-kid']!, signed, signature)).toBe(true);
    }
  });

  it('by a webhook, by a group that access comes from, and by an operator is told on the events topic, once, under the id of its case', async () => {
    // Of its own: whoever has no place in an access group gets nothing.
    const company = await Company.found(service);
    const [hooked, member, revoked] = [
      await company.enrol(service),
      await company.enrol(service),
      await company.enrol(service),
    ];
    const at = `/v1/organizations/${company.id}`;
    const group = await service.ask('POST', '/scim/v2/Groups', {
      headers: bearer(company.scim),
      body: {
        schemas: ['urn:ietf:params:scim:schemas:core:2.0:Group'],
        displayName: 'devices',
        members: [hooked, member, revoked].map(({ user }) => ({ value: user })),
      },
    });
    await service.admin('PUT', `${at}/access-groups/${group.body.id}`, { apply: false });
    const hook = await service.admin('POST', `${at}/connections`, {
      ...{ kind: 'okta-event-hook', name: 'hook' },
    });
    const person = await service.ask('GET', `/scim/v2/Users/${hooked.user}`, {
      headers: bearer(company.scim),
    });
    const told = await service.ask('POST', new URL(hook.body.url as string).pathname, {
      headers: { authorization: hook.body.secret as string },
      body: suspended(person.body.userName as string),
    });
    expect(told.status).toBe(204);
    const left = await service.ask('PATCH', `/scim/v2/Groups/${group.body.id}`, {
      headers: bearer(company.scim),
      body: {
        schemas: ['urn:ietf:params:scim:api:messages:2.0:PatchOp'],
        Operations: [{ op: 'remove', path: `members[value eq "${member.user}"]` }],
      },
    });
    expect(left.status).toBe(204);
    const key = newId<string>();
    const order = { subject: { scope: 'user', id: revoked.user }, reason: 'a private matter' };
    for (const status of [201, 201])
      expect(
        await service.ask('POST', `${at}/revocations`, {
          headers: { ...bearer(service.adminKey), 'idempotency-key': key },
          body: { ...order, hold: true },
        }),
      ).toMatchObject({ status });
    await service.admin('DELETE', `${at}/users/${revoked.user}/holds/admin`);
    await eventually(async () => (await eventsAbout(revoked.user)).length === 3);
    const { sessionRevoked, accountDisabled, accountEnabled } = ACCESS_EVENTS;
    for (const [{ user }, by, after] of [
      [hooked, 'system', []],
      [member, 'policy', []],
      [revoked, 'admin', [accountEnabled]],
    ] as const) {
      const [created, ended, ...rest] = (await eventsAbout(user)).map(({ event }) => event);
      const { items } = (await service.admin('GET', `${at}/cases?user=${user}`)).body;
      expect(items).toHaveLength(1);
      expect(created?.type).toBe(SCIM_EVENTS.create);
      expect(ended).toMatchObject({
        ...{ id: items[0].id, org: company.id, subject: `user/${user}` },
        data: {
          jti: items[0].id,
          sub_id: { format: 'opaque', id: user },
          events: { [sessionRevoked]: { initiating_entity: by }, [accountDisabled]: {} },
        },
      });
      expect(rest.map(({ type }) => type)).toEqual(after);
      expect(JSON.stringify(ended)).not.toContain('private');
    }
  });

  it('of an organization ends everything in it, and of a signing key everything it signed', async () => {
    const enrolled = await company.enrol(service);
    const at = `/v1/organizations/${company.id}`;
    const subject = { scope: 'org', id: company.id };
    await service.admin('POST', `${at}/revocations`, { subject, reason: 'incident' });
    await eventually(() => outcomes(enrolled.token).every((o) => o === 'deny: revoked.org'));
    const after = await company.enrol(service);
    expect(outcomes(after.token)).toEqual(['allow', 'allow']);
    const header = JSON.parse(Buffer.from(after.token.split('.')[0]!, 'base64url').toString());
    const revoked = await service.admin('POST', '/v1/revocations', {
      subject: { scope: 'kid', id: header.kid },
      reason: 'leaked',
    });
    expect(revoked.status).toBe(201);
    await eventually(() => outcomes(after.token).every((o) => o === 'deny: key.revoked'));
  });

  it('is denied at every gateway that may ask the service, though somebody has deleted the topic', async () => {
    const both = await service.gateway({ source: 'chained' });
    const kafka = new Kafka({ brokers: [service.brokers], logLevel: logLevel.NOTHING });
    const admin = kafka.admin();
    try {
      const [left, leaver, other] = [
        await company.enrol(service),
        await company.enrol(service),
        await company.enrol(service),
      ];
      await company.leave(service, left.user);
      await eventually(() => both.outcome(left.token) === 'deny: revoked.user');
      await admin.connect();
      const { revocations } = topicsWith(service.identity.prefix);
      const length = async (): Promise<number> =>
        (await admin.fetchTopicOffsets(revocations)).reduce(
          (sum, one) => sum + Number(one.high),
          0,
        );
      const before = await length();
      await admin.deleteTopics({ topics: [revocations] });
      expect((await company.leave(service, leaver.user)).status).toBe(200);
      await eventually(() => both.outcome(leaver.token) === 'deny: revoked.user');
      await eventually(() => both.outcome(other.token) === 'allow' && both.state === 'fresh');
      expect(both.outcome(left.token)).toBe('deny: revoked.user');
      // The service makes the topic anew by itself.
      await eventually(async () => (await length().catch(() => before)) < before);
      const last = await company.enrol(service);
      await company.leave(service, last.user);
      await eventually(() => both.outcome(last.token) === 'deny: revoked.user');
    } finally {
      await both.stop();
      await admin.disconnect();
    }
  });
});
