// P3, P9 at an application of one's own: what is packed protects it by itself, and the examples do what they show.
import { execFile } from 'node:child_process';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { newId } from '../../../src/kernel/ids.js';
import { Company } from '../../support/company.js';
import { eventually } from '../../support/eventually.js';
import { inProject } from '../../support/from-source.js';
import { PackedGateway } from '../../support/packed-gateway.js';
import { bearer, RunningService } from '../../support/running-service.js';

const run = promisify(execFile);

let service: RunningService;
let company: Company;
let project: PackedGateway;

beforeAll(async () => {
  [service, project] = await Promise.all([RunningService.start(), PackedGateway.install()]);
  company = await Company.found(service);
}, 300_000);
afterAll(async () => {
  await project.remove();
  await service.stop();
});

/** Starts an example as its first line says. */
async function started(program: string): Promise<string> {
  const { body } = await service.admin('POST', '/v1/gateways', { name: newId() });
  return project.start(program, {
    OFFSWITCH_URL: service.url,
    OFFSWITCH_GATEWAY_KEY: body.key as string,
  });
}

const ask = (url: string, token?: string): Promise<Response> =>
  fetch(url, token === undefined ? {} : { headers: bearer(token) });

describe('the package of the gateway', () => {
  it('brings what it needs, and nothing of the service', async () => {
    const modules = join(project.directory, 'node_modules');
    const packagesIn = async (path: string): Promise<string[]> =>
      (await readdir(join(modules, path))).filter((name) => !name.startsWith('.'));
    expect(await packagesIn('.')).toEqual(['offswitch-gateway']);
    const brought = await packagesIn('offswitch-gateway/node_modules');
    expect(brought).toEqual(['canonicalize', 'uuid']);
    const files = await readdir(join(modules, 'offswitch-gateway/lib'), { recursive: true });
    const vendors = new Set<string>();
    for (const file of files.filter((name) => /\.(js|d\.ts)$/.test(name))) {
      const text = await readFile(join(modules, 'offswitch-gateway/lib', file), 'utf8');
      for (const [, name] of text.matchAll(/(?:from |import\(|import )'([^.'][^']*)'/g))
        if (!name!.startsWith('node:')) vendors.add(name!);
    }
    const peers = ['@nestjs/common', 'fastify', 'kafkajs'];
    expect([...vendors].sort()).toEqual([...peers, ...brought].sort());
  });

  it.each([
    ['publint', ['--strict']],
    ['attw', ['--profile', 'esm-only', '--format', 'ascii']],
  ])('has nothing that %s would change', async (tool, parameters) => {
    // Both exit with another code than 0 when they find something.
    await run(inProject(`node_modules/.bin/${tool}`), [project.file, ...parameters]);
  });
});

it('the package’s types say what the example for NestJS needs to hear', async () => {
  for (const name of ['@nestjs/common', '@nestjs/core', '@types/node']) await project.add(name);
  const rules = ['strict', 'noEmit', 'skipLibCheck', 'experimentalDecorators'];
  const parameters = [...rules.map((rule) => `--${rule}`), '--module', 'nodenext'];
  const example = await project.copy('examples/nestjs/main.ts');
  await run(inProject('node_modules/.bin/tsc'), [...parameters, '--types', 'node', example], {
    cwd: project.directory,
  });
});

describe.each([
  ['http/server.mjs', []],
  ['express/server.mjs', ['express']],
  ['fastify/server.mjs', ['fastify']],
  ['nestjs/main.ts', ['@nestjs/common', '@nestjs/core', '@nestjs/platform-express']],
])('the example %s', (program, packages) => {
  it('answers whom the gateway lets in, until they have left', async () => {
    for (const name of packages) await project.add(name);
    const url = await started(`examples/${program}`);
    const { user, token } = await company.enrol(service);
    await eventually(async () => (await ask(url, token)).status === 200);
    expect(await (await ask(url, token)).text()).toBe(`hello ${user}`);
    expect((await ask(url)).status).toBe(401);
    await company.leave(service, user);
    await eventually(async () => (await ask(url, token)).status !== 200);
    const refused = await ask(url, token);
    expect([refused.status, refused.headers.get('www-authenticate')]).toEqual([
      401,
      'Bearer error="invalid_token"',
    ]);
  });
});
