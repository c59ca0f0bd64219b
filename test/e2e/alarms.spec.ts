// P9: fail closed: what is refused is audited, alarmed and counted, and no number names an organization.
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { AdminApp } from '../support/admin-app.js';
import { oktaBody } from '../unit/signals/fixtures.js';

let app: AdminApp;
let org: string;

beforeAll(async () => {
  app = await AdminApp.start();
  org = await app.organization();
});
afterAll(() => app.stop());

async function connect(kind: string): Promise<{ readonly id: string; readonly secret: string }> {
  const path = `/v1/organizations/${org}/connections`;
  const { body } = await app.ask('POST', path, { body: { kind, name: 'an IdP' } });
  return body as { id: string; secret: string };
}

const metrics = async (): Promise<string> => (await fetch(`${app.url}/metrics`)).text();
const send = (path: string, authorization: string, body: unknown): Promise<Response> =>
  fetch(app.url + path, {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization },
    body: JSON.stringify(body),
  });

describe('an alarm', () => {
  let lines: number;
  beforeEach(() => {
    lines = app.lines.length;
  });

  async function raised(alarm: string): Promise<void> {
    expect(
      app.lines.slice(lines).filter((line) => line.includes(`"alarm":"${alarm}"`)),
    ).toHaveLength(1);
    expect(await metrics()).toContain(`offswitch_alarms_total{alarm="${alarm}"} 1\n`);
  }

  it('is raised by an active that cannot be read', async () => {
    const { secret } = await connect('scim');
    const body = { userName: 'ada', active: 'maybe' };
    expect((await send('/scim/v2/Users', `Bearer ${secret}`, body)).status).toBe(400);
    await raised('active_unreadable');
  });

  it('is raised by a signal about nobody whom we know, once however often it comes', async () => {
    const { id, secret } = await connect('okta-event-hook');
    const body = oktaBody('user-deactivate');
    for (let i = 0; i < 2; i += 1)
      expect((await send(`/webhooks/${id}`, secret, body)).status).toBe(204);
    await raised('signal_person_unknown');
  });

  it('is raised by a proven sender who cannot be read', async () => {
    const { id, secret } = await connect('okta-event-hook');
    expect((await send(`/webhooks/${id}`, secret, { data: 'what?' })).status).toBe(400);
    await raised('signal_unreadable');
  });

  it('is none where nobody has proven who they are: that is counted by door and reason', async () => {
    const { id } = await connect('okta-event-hook');
    for (let i = 0; i < 2; i += 1)
      expect((await send(`/webhooks/${id}`, 'a wrong secret', {})).status).toBe(401);
    expect(app.lines.slice(lines).join('')).not.toContain('"alarm"');
    const text = await metrics();
    expect(text).toContain(
      'offswitch_refusals_total{door="webhooks",reason="credential.invalid"} 2\n',
    );
    for (const name of [org, id]) expect(text).not.toContain(name);
  });
});
