// P2: dead stays dead; what is issued once works once, and what was replaced does not work beside its successor.
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { OpenApiKey } from '../../../src/api-keys/index.js';
import { newId, type OrganizationId } from '../../../src/kernel/ids.js';
import { DeviceWorld, type Employee } from '../../support/device-world.js';

let at: DeviceWorld;
let organization: OrganizationId;
let key: OpenApiKey;
let anna: Employee;

beforeAll(async () => {
  at = await DeviceWorld.open();
  organization = await at.world.organization();
  key = await at.apiKey(organization);
  anna = await at.employee(organization, await at.world.connection(organization));
});
afterAll(() => at.close());

const invalid = { code: 'token.invalid' };

describe('a bootstrap token', () => {
  it('is redeemed by exactly one of fifty who try at once', async () => {
    const token = await at.issue(key, 'shared', { id: anna.user });
    const tries = await Promise.allSettled(
      Array.from({ length: 50 }, () => at.redeem(token, 'shared')),
    );
    const [won, ...more] = tries.filter(({ status }) => status === 'fulfilled');
    expect(won).toBeDefined();
    expect(more).toEqual([]);
    for (const lost of tries)
      if (lost.status === 'rejected') expect(lost.reason).toMatchObject(invalid);
  });
});

describe('a refresh secret', () => {
  it('has one successor, whoever of a hundred asks at once', async () => {
    const device = newId<string>();
    const first = await at.redeem(await at.issue(key, device, { id: anna.user }), device);
    const answers = await Promise.all(Array.from({ length: 100 }, () => at.refresh(first)));
    expect(new Set(answers.map((answer) => answer.refreshToken.reveal())).size).toBe(1);
    expect(new Set(answers.map((answer) => answer.claims.jti)).size).toBe(100);
    const next = await at.refresh(answers[0]!);
    expect(next.refreshToken.reveal()).not.toBe(answers[0]!.refreshToken.reveal());
  });
});
