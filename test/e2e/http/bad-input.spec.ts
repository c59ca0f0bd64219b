// P6: trouble of ours is a 5xx; a 4xx is only for what will never be right, and it always says why.
import { connect } from 'node:net';
import { Body, Controller, Delete, Get, Module, Param, Post, Query, Req } from '@nestjs/common';
import { RouteConfig, type NestFastifyApplication } from '@nestjs/platform-fastify';
import type { FastifyRequest } from 'fastify';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { IsIn, IsOptional, IsString, MaxLength } from 'class-validator';
import { createApp } from '../../../src/create-app.js';
import { DomainError } from '../../../src/kernel/domain-error.js';
import { ErrorRenderers } from '../../../src/platform/http/error-renderers.js';
import { Mark } from '../../../src/platform/http/incoming.decorator.js';
import type { RequestMark } from '../../../src/platform/http/request.js';
import { PinoLog } from '../../../src/platform/log/pino-log.js';
import { eventually } from '../../support/eventually.js';

class Thing {
  @IsString()
  @MaxLength(10)
  readonly name!: string;
}

class Filter {
  @IsOptional()
  @IsIn(['open', 'shut'])
  readonly state?: string;
}

class ForeignError extends Error {}

/** What has arrived at the route that reads as it comes in. */
const parts: string[] = [];

@Controller()
class ThingsController {
  @Post('things')
  make(@Body() thing: Thing) {
    return thing;
  }

  @Get('things')
  list(@Query() filter: Filter) {
    return filter;
  }

  @Get('things/:id')
  one(@Param('id') id: string, @Mark() mark: RequestMark) {
    return { id, request_id: mark.requestId, at: mark.receivedAt };
  }

  @Delete('things/:id')
  remove() {
    return { removed: true };
  }

  @Get('failing/:how')
  fail(@Param('how') how: string) {
    if (how === 'store') throw new DomainError('store.unavailable', 'the database did not answer');
    if (how === 'credential') throw new DomainError('credential.invalid');
    if (how === 'nothing') throw new DomainError('credential.missing');
    throw new TypeError('the password is hunter2-not-secret');
  }

  @Post('streams')
  @RouteConfig({ unparsed: true, streamed: true })
  async stream(@Req() request: FastifyRequest) {
    parts.length = 0;
    for await (const part of request.bodyStream ?? []) parts.push(Buffer.from(part).toString());
    return { all: parts.join('') };
  }

  @Post('streams/refused')
  @RouteConfig({ unparsed: true, streamed: true })
  refuse() {
    throw new DomainError('credential.invalid');
  }

  @Get('scim/v2/Users')
  scim() {
    throw new ForeignError('teapot');
  }

  @Post('scim/v2/Users')
  scimMake(@Body() body: unknown) {
    return body;
  }
}

@Module({ controllers: [ThingsController] })
class ThingsModule {
  constructor(renderers: ErrorRenderers) {
    renderers.below('/scim/v2', {
      knows: (error) => error instanceof ForeignError,
      render: (refusal, { error }) => ({
        status: error instanceof ForeignError ? 418 : refusal.status,
        mediaType: 'application/scim+json',
        headers: refusal.headers,
        body: { status: String(refusal.status), detail: refusal.detail },
      }),
    });
  }
}

let app: NestFastifyApplication;
let url: string;
const lines: string[] = [];

beforeAll(async () => {
  const sink = { write: (line: string) => void lines.push(line) };
  app = await createApp(ThingsModule, {
    log: new PinoLog({ level: 'debug', pretty: false, sink }),
    bodyLimitBytes: 10_000,
  });
  await app.listen(0, '127.0.0.1');
  url = await app.getUrl();
});

afterAll(async () => {
  await app.close();
});

const post = (
  body: string | Uint8Array<ArrayBuffer>,
  type = 'application/json',
  path = '/things',
) => fetch(url + path, { method: 'POST', body, headers: { 'content-type': type } });

async function problemOf(response: Response): Promise<Record<string, unknown>> {
  expect(response.headers.get('content-type')).toBe('application/problem+json; charset=utf-8');
  expect(response.headers.get('cache-control')).toBe('no-store');
  expect(response.headers.get('x-content-type-options')).toBe('nosniff');
  const problem = (await response.json()) as Record<string, unknown>;
  expect(problem).toEqual({
    type: `urn:offswitch:problem:${String(problem['code'])}`,
    title: expect.any(String),
    status: response.status,
    detail: expect.any(String),
    code: expect.any(String),
    request_id: response.headers.get('x-request-id'),
  });
  return problem;
}

const raw = (text: string): Promise<string> =>
  new Promise((resolve, reject) => {
    const { port, hostname } = new URL(url);
    const socket = connect(Number(port), hostname, () => socket.write(text));
    let answer = '';
    socket.on('data', (chunk) => (answer += chunk.toString()));
    socket.on('close', () => {
      resolve(answer);
    });
    socket.on('error', reject);
  });

describe('a body that is wrong', () => {
  it.each([
    ['no JSON', '{"name": ', 400, 'request.malformed'],
    ['an array', '[]', 400, 'request.malformed'],
    ['a string', '"thing"', 400, 'request.malformed'],
    ['nothing', '', 400, 'request.invalid_value'],
    ['null', 'null', 400, 'request.invalid_value'],
    ['an unknown field', '{"name":"a","nmae":"b"}', 400, 'request.unknown_field'],
    ['a wrong type', '{"name":1}', 400, 'request.invalid_value'],
    ['a value that is too long', '{"name":"12345678901"}', 400, 'request.invalid_value'],
    ['U+0000', '{"name":"\\u0000"}', 400, 'request.unstorable_text'],
    ['a lone surrogate', '{"name":"\\ud83d"}', 400, 'request.unstorable_text'],
    ['a lone surrogate in a name', '{"\\udc00":1}', 400, 'request.unstorable_text'],
    ['__proto__', '{"name":"a","__proto__":{"admin":true}}', 400, 'request.malformed'],
    ['an escaped __proto__', '{"\\u005f_proto__":{}}', 400, 'request.malformed'],
    ['constructor', '{"constructor":{"prototype":{}}}', 400, 'request.malformed'],
    ['deep nesting', '['.repeat(4000) + ']'.repeat(4000), 400, 'request.malformed'],
    ['too many bytes', JSON.stringify({ name: 'x'.repeat(20_000) }), 413, 'request.too_large'],
  ])('is refused: %s', async (_, body, status, code) => {
    const response = await post(body);
    expect(response.status).toBe(status);
    expect(await problemOf(response)).toMatchObject({ code });
  });

  it('is refused when it is not UTF-8', async () => {
    const response = await post(Uint8Array.from([0x22, 0xff, 0x22]));
    expect(await problemOf(response)).toMatchObject({ status: 400, code: 'request.malformed' });
  });

  it('is refused with the path and the rule, and never with the value', async () => {
    const problem = await problemOf(await post('{"name":"a-secret-value"}'));
    expect(problem['detail']).toBe('name: must be shorter than or equal to 10 characters');
  });

  it.each(['text/plain', 'application/xml', 'application/x-www-form-urlencoded', 'nonsense'])(
    'is refused when its type is %s',
    async (type) => {
      const response = await post('{"name":"a"}', type);
      expect(await problemOf(response)).toMatchObject({ status: 415, code: 'request.media_type' });
    },
  );

  it('is refused when it names no type', async () => {
    const answer = await raw(
      'POST /things HTTP/1.1\r\nhost: a\r\ncontent-length: 2\r\nconnection: close\r\n\r\n{}',
    );
    expect(answer).toMatch(/^HTTP\/1.1 415 /);
    expect(answer).toContain('application/problem+json');
  });
});

describe('a body that is right', () => {
  it.each([
    'application/json',
    'application/json; charset=utf-8',
    'Application/JSON;charset="UTF-8"; odd=1',
    'application/scim+json',
    'application/scim+json; charset=utf-8; v=2',
  ])('is read as %s', async (type) => {
    const response = await post('{"name":"a"}', type);
    expect(response.status).toBe(201);
    expect(await response.json()).toEqual({ name: 'a' });
  });

  it.each(['application/json', 'application/scim+json', 'text/plain'])(
    'may be missing from a DELETE that names the type %s',
    async (type) => {
      const response = await fetch(`${url}/things/1`, {
        method: 'DELETE',
        headers: { 'content-type': type },
      });
      expect(response.status).toBe(200);
    },
  );
});

describe('a path that is wrong', () => {
  it('is a problem when nothing is there', async () => {
    const response = await fetch(`${url}/nowhere`);
    expect(await problemOf(response)).toMatchObject({ status: 404, code: 'request.path_unknown' });
  });

  it('is a 404 before anybody looks at the body', async () => {
    const response = await post('{', 'application/json', '/nowhere');
    expect(response.status).toBe(404);
  });

  it('says which methods there are', async () => {
    const response = await fetch(`${url}/things/1`, { method: 'PUT' });
    expect(await problemOf(response)).toMatchObject({
      status: 405,
      code: 'request.method_not_allowed',
    });
    expect(response.headers.get('allow')).toBe('DELETE, GET, HEAD');
  });

  it('is a problem when it is badly encoded', async () => {
    const answer = await raw('GET /things/%zz HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n');
    expect(answer).toMatch(/^HTTP\/1.1 400 /);
    expect(answer).toContain('"code":"request.malformed"');
    expect(answer).toContain('x-content-type-options: nosniff');
  });

  it('is a problem when a segment is too long', async () => {
    const response = await fetch(`${url}/things/${'x'.repeat(600)}`);
    expect(await problemOf(response)).toMatchObject({ status: 414, code: 'request.path_too_long' });
  });

  it('is a problem when it holds U+0000', async () => {
    const response = await fetch(`${url}/things/%00`);
    expect(await problemOf(response)).toMatchObject({
      status: 400,
      code: 'request.unstorable_text',
    });
  });

  it('is right with a slash at its end', async () => {
    const response = await fetch(`${url}/things/7/`);
    expect(await response.json()).toMatchObject({ id: '7' });
  });
});

describe('a query that is wrong', () => {
  it.each([
    ['/things?stat=open', 'request.unknown_parameter'],
    ['/things?state=ajar', 'request.invalid_value'],
    ['/things?state=open&state=shut', 'request.invalid_value'],
    ['/things/1?state=open', 'request.unknown_parameter'],
    ['/things?state=%00', 'request.unstorable_text'],
  ])('is refused: %s', async (path, code) => {
    expect(await problemOf(await fetch(url + path))).toMatchObject({ status: 400, code });
  });
});

describe('what never becomes a request', () => {
  it.each([
    ['no HTTP', 'hello\r\n\r\n', 400],
    ['a head that is too large', `GET / HTTP/1.1\r\na: ${'x'.repeat(20_000)}\r\n\r\n`, 431],
  ])('gets a problem all the same: %s', async (_, text, status) => {
    const answer = await raw(text);
    expect(answer).toMatch(new RegExp(`^HTTP/1.1 ${status} `));
    expect(answer).toContain('application/problem+json');
  });
});

describe('trouble of ours', () => {
  it('says when to come back', async () => {
    const response = await fetch(`${url}/failing/store`);
    expect(await problemOf(response)).toMatchObject({ status: 503, code: 'store.unavailable' });
    expect(response.headers.get('retry-after')).toBe('5');
  });

  it('says nothing about its inside, and is logged with its stack', async () => {
    const response = await fetch(`${url}/failing/badly`);
    const problem = await problemOf(response);
    expect(problem).toMatchObject({ status: 500, code: 'service.failed' });
    expect(JSON.stringify(problem)).not.toContain('hunter2');
    const line = lines.find((text) => text.includes(String(problem['request_id'])));
    expect(JSON.parse(line ?? '{}')).toMatchObject({
      level: 'error',
      error: { type: 'TypeError', stack: expect.stringContaining('bad-input.spec.ts') },
    });
  });

  it('challenges who brings no credential, and tells a wrong one apart', async () => {
    const none = await fetch(`${url}/failing/nothing`);
    const wrong = await fetch(`${url}/failing/credential`);
    expect([none.status, wrong.status]).toEqual([401, 401]);
    expect(none.headers.get('www-authenticate')).toBe('Bearer realm="offswitch"');
    expect(wrong.headers.get('www-authenticate')).toContain('error="invalid_token"');
  });
});

describe('below the path of another protocol', () => {
  it.each([
    ['an unknown path', () => fetch(`${url}/scim/v2/Nothing`), 404],
    ['a body that is no JSON', () => post('{', 'application/scim+json', '/scim/v2/Users'), 400],
    ['a wrong type', () => post('{}', 'text/xml', '/scim/v2/Users'), 415],
    ['a wrong method', () => fetch(`${url}/scim/v2/Users`, { method: 'PUT' }), 405],
    ['an error of its own', () => fetch(`${url}/scim/v2/Users`), 418],
    ['a segment too long', () => fetch(`${url}/scim/v2/${'x'.repeat(600)}`), 404],
  ])('%s is said in its own words', async (_, ask, status) => {
    const response = await ask();
    expect(response.status).toBe(status);
    expect(response.headers.get('content-type')).toBe('application/scim+json; charset=utf-8');
  });
});

describe('a request', () => {
  it('has an id of ours, whatever it brings', async () => {
    const response = await fetch(`${url}/things/1`, {
      headers: { 'x-request-id': 'mine', 'request-id': 'mine' },
    });
    const { request_id: id } = (await response.json()) as { request_id: string };
    expect(id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-7/);
    expect(response.headers.get('x-request-id')).toBe(id);
  });

  it('leaves a line with its pattern, and neither path, query, header nor body', async () => {
    const before = lines.length;
    await fetch(`${url}/things/ada-lovelace?state=x`, {
      headers: { authorization: 'Bearer not-a-secret-1' },
    });
    await post('{"name":"ada@example.test"}');
    const written = lines.slice(before).join('');
    expect(written).toContain('"route":"/things/:id"');
    expect(written).not.toMatch(/ada|not-a-secret|state=/);
  });
});

describe('the documentation', () => {
  it.each([
    ['/docs', 'text/html; charset=utf-8'],
    ['/docs/', 'text/html; charset=utf-8'],
    ['/docs/start.js', 'text/javascript; charset=utf-8'],
    ['/docs/swagger-ui-bundle.js', 'text/javascript; charset=utf-8'],
    ['/docs/swagger-ui.css', 'text/css; charset=utf-8'],
    ['/docs/openapi.json', 'application/json; charset=utf-8'],
  ])('is served: %s', async (path, type) => {
    const response = await fetch(url + path);
    expect(response.status).toBe(200);
    expect(response.headers.get('content-type')).toBe(type);
    expect(response.headers.get('content-security-policy')).toContain("default-src 'self'");
    await response.arrayBuffer();
  });

  it.each(['/docs/package.json', '/docs/..%2Fpackage.json', '/docs/nothing'])(
    'serves nothing else: %s',
    async (path) => {
      const response = await fetch(url + path);
      expect(await problemOf(response)).toMatchObject({ status: 404 });
    },
  );
});

describe('a body that comes slowly', () => {
  const LIMIT_MS = 1_000;
  let slow: NestFastifyApplication;
  beforeAll(async () => {
    const log = new PinoLog({ level: 'silent', pretty: false });
    slow = await createApp(ThingsModule, { log, arrivalTimeoutMs: LIMIT_MS });
    await slow.listen(0, '127.0.0.1');
  });
  afterAll(() => slow.close());

  const head = (path: string, more: string) =>
    `POST ${path} HTTP/1.1\r\nhost: a\r\ncontent-type: application/json\r\n${more}\r\n\r\n`;

  /** Sends the beginning of a request and then nothing. @returns all that came back when the server has hung up */
  async function begin(text: string): Promise<string> {
    const { port, hostname } = new URL(await slow.getUrl());
    return new Promise((resolve, reject) => {
      const socket = connect(Number(port), hostname, () => socket.write(text));
      let answer = '';
      socket.on('data', (chunk) => (answer += chunk.toString()));
      socket.on('error', reject);
      socket.on('close', () => {
        resolve(answer);
      });
    });
  }

  it.each([
    ['a head that stops', 'POST /things HTTP/1.1\r\nhost: a\r\n', 408],
    ['half of what was announced', `${head('/things', 'content-length: 12')}{"name"`, 408],
    [
      'a piece, and no last one',
      `${head('/things', 'transfer-encoding: chunked')}2\r\n{"\r\n`,
      408,
    ],
    ['half of it where nothing is', `${head('/nowhere', 'content-length: 12')}{"`, 408],
    ['where nobody may come in, too', `${head('/streams/refused', 'content-length: 12')}{"`, 401],
    [
      'a part too late where it is read as it comes',
      `${head('/streams', 'content-length: 12')}{"`,
      408,
    ],
  ])('is not waited for: %s', async (_, text, status) => {
    expect(await begin(text)).toMatch(new RegExp(`^HTTP/1.1 ${status} `));
  });

  it('may take longer altogether where it is read as it comes in, if none of its parts is late', async () => {
    const { port, hostname } = new URL(await slow.getUrl());
    const began = Date.now();
    const answer = await new Promise<string>((resolve, reject) => {
      let text = '';
      const socket = connect(Number(port), hostname, () => {
        socket.write(head('/streams', 'transfer-encoding: chunked\r\nconnection: close'));
        void (async () => {
          let sent = 0;
          for (; Date.now() - began < 2 * LIMIT_MS; sent += 1) {
            socket.write('1\r\nx\r\n');
            await eventually(() => parts.join('').length > sent);
          }
          socket.write('0\r\n\r\n');
        })();
      });
      socket.on('data', (chunk) => (text += chunk.toString()));
      socket.on('error', reject);
      socket.on('close', () => {
        resolve(text);
      });
    });
    expect(answer).toMatch(/^HTTP\/1.1 201 /);
    expect(answer).toContain(`{"all":"${parts.join('')}"}`);
  });
});

it('finishes the answers that are under way before it closes', async () => {
  const own = await createApp(ThingsModule, {
    log: new PinoLog({ level: 'silent', pretty: false }),
  });
  await own.listen(0, '127.0.0.1');
  const { port, hostname } = new URL(await own.getUrl());
  const answer = new Promise<string>((resolve) => {
    let text = '';
    const socket = connect(Number(port), hostname, () => {
      socket.write(
        'POST /things HTTP/1.1\r\nhost: a\r\ncontent-type: application/json\r\ncontent-length: 12\r\n\r\n{"name":',
        () => {
          // The head is with the server as soon as it has accepted the connection.
          own.getHttpServer().getConnections(() => {
            void own.close();
            setImmediate(() => socket.write('"a"}'));
          });
        },
      );
    });
    socket.on('data', (chunk) => (text += chunk.toString()));
    socket.on('close', () => {
      resolve(text);
    });
  });
  expect(await answer).toMatch(/^HTTP\/1.1 201 /);
});
