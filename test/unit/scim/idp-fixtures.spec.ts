// P9: fail closed. "Gone" is understood however an IdP writes it, and nothing else is ever taken for "back".
import { readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import { Ajv2020 } from 'ajv/dist/2020.js';
import type { ActiveWord, Edited, StoredResource } from '../../../src/deprovision/index.js';
import { DomainError } from '../../../src/kernel/domain-error.js';
import type { ResourceId, UserId } from '../../../src/kernel/ids.js';
import { scimError } from '../../../src/scim/present/errors.js';
import { readCreate, readPatch, readReplace } from '../../../src/scim/read/edit.js';
import { EVERYONE } from '../../../src/directory/index.js';
import { readSearchRequest } from '../../../src/scim/read/search-request.js';
import { inProject } from '../../support/from-source.js';
import { corpusPage, unlisted } from '../../support/idp-corpus.js';
import {
  about,
  idpFixtures,
  person,
  scimFiles,
  type IdpFixture,
} from '../../support/idp-fixtures.js';

const ID = '0193a1b2-0000-7000-8000-000000000001';

function stored(active: boolean): StoredResource {
  const made = readCreate(person);
  if (!('image' in made)) throw made.refused;
  const at = new Date('2026-11-23T00:00:00Z');
  const id = ID as ResourceId;
  return {
    ...made.image,
    active,
    id,
    user: ID as UserId,
    version: 1,
    createdAt: at,
    changedAt: at,
  };
}

function edited({ method, body }: IdpFixture['request'], before: StoredResource): Edited {
  switch (method) {
    case 'POST': {
      const made = readCreate(body);
      if ('image' in made) return { word: made.word, next: made.image };
      expect(made.userName).toBe(person['userName']);
      return made;
    }
    case 'PUT':
      return readReplace(body)(before);
    case 'PATCH':
      return readPatch(body)(before);
    case 'GET':
    case 'DELETE':
      throw new TypeError(`${method} edits nothing`);
  }
}

const meant: Readonly<Record<IdpFixture['expect']['access'], readonly ActiveWord[]>> = {
  gone: ['false'],
  held: ['unreadable'],
  back: ['true'],
  kept: ['absent', 'true'],
};

/** That a name is taken is not for the readers to say. */
const changing = idpFixtures.filter(
  ([
    ,
    {
      request,
      expect: { status },
    },
  ]) => ['POST', 'PUT', 'PATCH'].includes(request.method) && status !== 409,
);

describe('the corpus', () => {
  const schema = readFileSync(inProject('test/fixtures/idp/fixture.schema.json'), 'utf8');
  const validate = new Ajv2020({ allErrors: true }).compile(JSON.parse(schema) as object);

  it.each(scimFiles())('%s has the form that is published', (_, fixture) => {
    validate(fixture);
    expect(validate.errors ?? []).toEqual([]);
  });

  it('is listed in docs/idp-corpus.md as it is: run `npm run corpus`', () => {
    expect(unlisted()).toEqual([]);
    expect(readFileSync(inProject('docs/idp-corpus.md'), 'utf8')).toBe(corpusPage());
  });

  it.each([
    'okta',
    'entra',
    'onelogin',
    'jumpcloud',
    'google',
    'ping',
    'rippling',
    'authentik',
    'keycloak',
  ])('has deactivations and more of %s', (provider) => {
    const own = idpFixtures.filter(([file]) => file.startsWith(`${provider}/`));
    expect(own.some(([, fixture]) => fixture.expect.access === 'gone')).toBe(true);
    expect(own.length).toBeGreaterThan(1);
  });
});

describe('what identity providers send', () => {
  it.each(changing)('%s is read as it is meant', (_, fixture) => {
    const before = stored(fixture.before === 'active');
    const result = edited(about(fixture, ID), before);
    const { status, scimType, access, active, attributes, absent } = fixture.expect;
    expect(meant[access]).toContain(result.word);
    if ('refused' in result) {
      const error = result.refused;
      if (!(error instanceof DomainError)) throw error;
      expect(scimError(400, error.code, '')).toMatchObject({ scimType });
      expect(status).toBe(400);
      return;
    }
    expect(status).toBeLessThan(300);
    expect(result.next.active).toBe(active);
    if (attributes !== undefined) expect(result.next.attributes).toMatchObject(attributes);
    for (const name of absent ?? []) expect(result.next.attributes).not.toHaveProperty(name);
    expect(result.next.attributes).not.toHaveProperty('password');
    expect(result.next.attributes).not.toHaveProperty('active');
  });

  const asking = idpFixtures.filter(([, { request }]) => request.method === 'GET');
  it.each(asking)('%s asks for what it means', (_, fixture) => {
    const { searchParams } = new URL(about(fixture, ID).path, 'http://scim.example');
    const { filter } = readSearchRequest(Object.fromEntries(searchParams));
    if (searchParams.has('filter')) expect(filter).not.toEqual(EVERYONE);
    else expect(filter).toEqual(EVERYONE);
  });
});
