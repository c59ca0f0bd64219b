// P2: dead stays dead; P3: bounded staleness. From a revocation to the receipts that complete its case.
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Company } from '../../support/company.js';
import { eventually } from '../../support/eventually.js';
import type { RunningGateway } from '../../support/running-gateway.js';
import { RunningService } from '../../support/running-service.js';

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
});
