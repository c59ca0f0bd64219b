// P7: what a gateway of somebody else can rely on at its doors is what docs/openapi.json says.
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { newId } from '../../../src/kernel/ids.js';
import { KeyRing } from '../../../src/platform/crypto/key-ring.js';
import { generatePrivateJwks } from '../../../src/platform/crypto/private-jwks.js';
import { AdminApp } from '../../support/admin-app.js';

let app: AdminApp;
let key: string;

beforeAll(async () => {
  app = await AdminApp.start();
  key = (await app.ask('POST', '/v1/gateways', { body: { name: 'edge' } })).body.key;
});
afterAll(() => app.stop());

/** An answer whose body need not be JSON, held against the document; a stream is left after its head. */
async function ask(path: string, headers: Record<string, string> = {}): Promise<Response> {
  const leave = new AbortController();
  const response = await fetch(app.url + path, {
    headers: { authorization: `Bearer ${key}`, ...headers },
    signal: leave.signal,
  });
  const type = response.headers.get('content-type');
  const isEvents = type?.startsWith('text/event-stream') ?? false;
  const text = isEvents ? '' : await response.clone().text();
  const body: unknown = isEvents || text === '' ? (isEvents ? '' : null) : JSON.parse(text);
  const { status } = response;
  expect(app.documented.fault('GET', path, { status, type, body })).toBeNull();
  if (path.endsWith('stream')) leave.abort();
  return response;
}

const lease = (fields: object = {}) =>
  app.ask('PUT', '/v1/gateways/self/lease', {
    key,
    body: {
      boot: newId(),
      version: '1',
      policy: 'strict',
      public_key: new KeyRing(generatePrivateJwks()).publicJwks.keys[0],
      ...fields,
    },
  });

describe('the doors of gateways', () => {
  it('are all in the document, and are opened by a gateway key', () => {
    expect([...app.documented.operationsOpenedBy('gateway_key')].sort()).toEqual([
      'DELETE /v1/gateways/self/lease/{boot}',
      'GET /v1/revocations/records/{digest}',
      'GET /v1/revocations/snapshot',
      'GET /v1/revocations/stream',
      'POST /oauth2/introspect',
      'POST /v1/gateways/self/receipts',
      'PUT /v1/gateways/self/lease',
    ]);
  });

  it('give a lease with every member that is documented', async () => {
    expect((await lease()).status).toBe(200);
    expect((await lease({ policy: 'lax' })).status).toBe(400);
    expect((await app.ask('PUT', '/v1/gateways/self/lease', { key: null })).status).toBe(401);
  });

  it('give a snapshot, nothing new, and a stream from its position', async () => {
    const snapshot = await ask('/v1/revocations/snapshot');
    const etag = snapshot.headers.get('etag')!;
    await snapshot.text();
    expect((await ask('/v1/revocations/snapshot', { 'if-none-match': etag })).status).toBe(304);
    const stream = '/v1/revocations/stream';
    const position = etag.slice(1, -1);
    expect((await ask(stream, { 'last-event-id': position })).status).toBe(200);
    expect((await ask(stream, { 'last-event-id': 'nowhere' })).status).toBe(409);
    expect((await ask(stream)).status).toBe(400);
  });

  it('give one record with its signature', async () => {
    const org = await app.organization();
    const body = { subject: { scope: 'org', id: org }, reason: 'x' };
    const made = await app.ask('POST', `/v1/organizations/${org}/revocations`, { body });
    const record = await ask(`/v1/revocations/records/${made.body.records[0].digest}`);
    expect([record.status, record.headers.get('ofs-type')]).toEqual([200, 'revocation']);
    expect((await ask(`/v1/revocations/records/${'x'.repeat(43)}`)).status).toBe(404);
  });

  it('refuse a receipt that proves nothing', async () => {
    const answer = await app.ask('POST', '/v1/gateways/self/receipts', { key, body: {} });
    expect(answer.body).toMatchObject({ status: 400, code: 'receipt.refused' });
  });
});
