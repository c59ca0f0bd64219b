// P6, P8: nobody makes us work before they have shown a credential: a body is read behind the door of its route.
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { documented } from '../../../src/create-app.js';
import { newId } from '../../../src/kernel/ids.js';
import { openApiOf } from '../../../src/platform/http/open-api.js';
import { AdminApp } from '../../support/admin-app.js';

let app: AdminApp;
beforeAll(async () => {
  app = await AdminApp.start();
});
afterAll(() => app.stop());

/** Their credential is in the body. */
const IN_BODY = ['/api/v1/device-auth/refresh', '/api/v1/device-auth/revoke', '/oauth2/token'];
/** Not in the document. */
const FURTHER = [
  ['POST', '/scim/v2/Users'],
  ['PUT', `/scim/v2/Users/${newId()}`],
  ['PATCH', `/scim/v2/Users/${newId()}`],
] as const;

function routesWithBodies(): (readonly [string, string])[] {
  const { paths } = openApiOf(app.app, documented);
  const found = Object.entries(paths).flatMap(([path, operations]) =>
    Object.entries(operations as Record<string, { readonly requestBody?: unknown }>)
      .filter(([, operation]) => operation.requestBody !== undefined)
      .map(([method]) => [method.toUpperCase(), path.replace(/\{\w+\}/g, newId())] as const),
  );
  return [...found.filter(([, path]) => !IN_BODY.includes(path)), ...FURTHER];
}

const knock = async (method: string, path: string, more: Record<string, string>, body: string) => {
  const headers = { 'content-type': 'application/json', ...more };
  const response = await fetch(app.url + path, { method, headers, body });
  await response.arrayBuffer();
  return `${response.status} ${method} ${path}`;
};

describe('a body that nobody could read', () => {
  it.each<[string, Record<string, string>]>([
    ['without a credential', {}],
    ['with a wrong one', { authorization: 'Bearer ofs_admin_visibly-fake' }],
    ['of a type that is none of ours', { 'content-type': 'text/plain' }],
  ])('is no reason for anything but a 401: %s', async (_, headers) => {
    const routes = routesWithBodies();
    expect(routes.length).toBeGreaterThan(12);
    for (const body of ['{"a": ', '['.repeat(10_000)])
      for (const [method, path] of routes)
        expect(await knock(method, path, headers, body)).toBe(`401 ${method} ${path}`);
  });

  it('is told to whoever has opened the door', async () => {
    const headers = { authorization: `Bearer ${app.ownerKey}` };
    expect(await knock('POST', '/v1/organizations', headers, '{"a": ')).toMatch(/^400 /);
    const text = { ...headers, 'content-type': 'text/plain' };
    expect(await knock('POST', '/v1/organizations', text, '{}')).toMatch(/^415 /);
  });
});

describe('a door whose credential is in the body', () => {
  it.each([
    ['/api/v1/device-auth/refresh', 16_384, 401, { refresh_token: 'x' }],
    ['/api/v1/device-auth/revoke', 16_384, 401, { refresh_token: 'x' }],
    ['/oauth2/token', 16_384, 415, {}],
    [`/webhooks/${newId()}`, 524_288, 404, {}],
  ])('reads little for anybody: %s', async (path, limit, status, content) => {
    const body = (bytes: number) => JSON.stringify(content).padEnd(bytes, ' ');
    expect(await knock('POST', path, {}, body(limit))).toBe(`${status} POST ${path}`);
    expect(await knock('POST', path, {}, body(limit + 1))).toBe(`413 POST ${path}`);
  });
});
