// P2, P5: after a recovery nobody is taken for reconciled whom no operator stands for, and the log says who did.
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { AdminApp } from '../../support/admin-app.js';

let app: AdminApp;
let org: string;
let other: string;

beforeAll(async () => {
  app = await AdminApp.start();
  [org, other] = [await app.organization(), await app.organization()];
});
afterEach(() => app.world.query('truncate roster_demands'));
afterAll(() => app.stop());

/** What `offswitch recover` writes. */
const demand = (organization: string, epoch: number) =>
  app.world.query(
    'insert into roster_demands (organization_id, epoch, demanded_at) values ($1, $2, now())',
    [organization, epoch],
  );
const at = (organization = org) => `/v1/organizations/${organization}/roster-demands`;
const confirm = (epoch: number | string, more: { key?: string; org?: string } = {}) =>
  app.ask('PUT', `${at(more.org)}/${epoch}/confirmation`, {
    body: { reason: 'INC-9: Okta and Entra have run in full' },
    ...(more.key !== undefined && { key: more.key }),
  });
const open = async (query = '') =>
  (await app.ask('GET', `/v1/roster-demands${query}`)).body.items as { org: string }[];
const entries = async (organization = org) => {
  const path = `/v1/organizations/${organization}/audit/events?action=roster.reconciled`;
  return (await app.ask('GET', path)).body.items as { detail: { epochs: number[] } }[];
};

describe('a roster that a recovery demands', () => {
  it('is listed until it is confirmed, and the audit log says by whom and why', async () => {
    await demand(org, 2);
    await demand(other, 2);
    expect(await open()).toHaveLength(2);
    const before = (await entries()).length;
    const operator = await app.adminKey(org, 'operator');
    const confirmed = await confirm(2, { key: operator });
    expect(confirmed).toMatchObject({
      status: 200,
      body: { org, epoch: 2, demanded_at: expect.any(String), confirmed_at: expect.any(String) },
    });
    expect((await open()).map((one) => one.org)).toEqual([other]);
    expect((await app.ask('GET', at())).body.items).toEqual([confirmed.body]);
    const [entry, ...others] = await entries();
    expect(others).toHaveLength(before);
    expect(entry).toMatchObject({
      outcome: 'success',
      actor: { type: 'admin_key' },
      subject: { type: 'organization', id: org },
      detail: { epochs: [2], reason: 'INC-9: Okta and Entra have run in full' },
    });
  });

  it('is confirmed once: again changes nothing and says nothing new', async () => {
    await demand(org, 2);
    const first = await confirm(2);
    const before = await entries();
    expect((await confirm(2)).body).toEqual(first.body);
    expect(await entries()).toEqual(before);
  });

  it('is confirmed with the earlier ones, and not with one that came after it', async () => {
    for (const epoch of [2, 3, 4]) await demand(org, epoch);
    expect(await open()).toMatchObject([{ org, epoch: 4 }]);
    expect((await confirm(3)).status).toBe(200);
    expect((await app.ask('GET', at())).body.items).toMatchObject([
      { epoch: 4, confirmed_at: null },
      { epoch: 3, confirmed_at: expect.any(String) },
      { epoch: 2, confirmed_at: expect.any(String) },
    ]);
    expect(await open()).toMatchObject([{ org, epoch: 4 }]);
    expect((await entries())[0]).toMatchObject({ detail: { epochs: [2, 3] } });
  });

  it.each(['7', '0', '-1', '2.0', 'two', '99999999999999999999'])(
    'is unknown in the epoch %s, and confirms no other',
    async (epoch) => {
      await demand(org, 2);
      const answer = await confirm(epoch);
      expect(answer.body).toMatchObject({ status: 404, code: 'roster.unknown' });
      expect(await open()).toHaveLength(1);
    },
  );

  it('is confirmed by nobody who may only read, nor by another organization', async () => {
    await demand(org, 2);
    const auditor = await app.adminKey(org, 'auditor');
    const stranger = await app.adminKey(other, 'owner');
    expect((await confirm(2, { key: auditor })).status).toBe(403);
    expect((await confirm(2, { key: stranger })).status).toBe(404);
    expect((await confirm(2, { key: stranger, org: other })).status).toBe(404);
    expect((await app.ask('GET', at(), { key: stranger })).status).toBe(404);
    expect((await app.ask('GET', '/v1/roster-demands', { key: auditor })).status).toBe(404);
    expect((await app.ask('GET', at(), { key: auditor })).body.items).toHaveLength(1);
    expect(await open()).toHaveLength(1);
  });

  it('is confirmed with a reason', async () => {
    await demand(org, 2);
    const answer = await app.ask('PUT', `${at()}/2/confirmation`, { body: {} });
    expect(answer.body).toMatchObject({ status: 400, code: 'request.invalid_value' });
    expect(await open()).toHaveLength(1);
  });
});

it('the list of open rosters comes in pages, each organization once', async () => {
  const organizations = [org, other, await app.organization()];
  for (const one of organizations) for (const epoch of [2, 3]) await demand(one, epoch);
  const found: string[] = [];
  for (let next: string | undefined = '/v1/roster-demands?limit=2'; next !== undefined;) {
    const answer = await app.ask('GET', next);
    found.push(...(answer.body.items as { org: string }[]).map((one) => one.org));
    next = /<([^>]+)>/.exec(answer.headers.get('link') ?? '')?.[1];
  }
  expect(found.sort()).toEqual(organizations.sort());
  expect(await open(`?limit=200`)).toMatchObject([{ epoch: 3 }, { epoch: 3 }, { epoch: 3 }]);
});
