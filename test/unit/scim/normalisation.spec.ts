// P9: fail closed. What IdPs really send (facts on IdPs §1.4) means what they mean by it, one line of the list each.
import { describe, expect, it } from '@jest/globals';
import type { Edited, JsonObject, StoredResource } from '../../../src/deprovision/index.js';
import type { ResourceId, UserId } from '../../../src/kernel/ids.js';
import { readCreate, readPatch, readReplace } from '../../../src/scim/read/edit.js';

const CORE = 'urn:ietf:params:scim:schemas:core:2.0:User';
const ENTERPRISE = 'urn:ietf:params:scim:schemas:extension:enterprise:2.0:User';
const ID = '0193a1b2-0000-7000-8000-000000000001';
const at = new Date('2026-11-23T00:00:00Z');

function stored(attributes: object): StoredResource {
  const made = readCreate({ userName: 'ada', ...attributes });
  if (!('image' in made)) throw made.refused;
  return {
    ...made.image,
    id: ID as ResourceId,
    user: ID as UserId,
    version: 1,
    createdAt: at,
    changedAt: at,
  };
}

function attributes(edited: Edited): JsonObject {
  if ('refused' in edited) throw edited.refused;
  return edited.next.attributes;
}

const patched = (before: object, ...Operations: unknown[]): JsonObject =>
  attributes(
    readPatch({ schemas: ['urn:ietf:params:scim:api:messages:2.0:PatchOp'], Operations })(
      stored(before),
    ),
  );

const work = { type: 'work', value: 'a@work' };
const home = { type: 'home', value: 'a@home' };
const replace = (path: string, value: unknown) => ({ op: 'replace', path, value });

describe('a PATCH', () => {
  it.each<[string, object, object, object]>([
    ['op in any case', {}, { op: 'REPLACE', path: 'title', value: 'x' }, { title: 'x' }],
    ['members in any case', {}, { OP: 'add', Path: 'title', VALUE: 'x' }, { title: 'x' }],
    ['a name in any case', {}, replace('TITLE', 'x'), { title: 'x' }],
    ['a part in any case', {}, replace('NAME.givenname', 'x'), { name: { givenName: 'x' } }],
    [
      'a sub-attribute and a filter in any case',
      { emails: [{ ...work, primary: true }] },
      replace('EMAILS[TYPE EQ "WORK"].PRIMARY', 'False'),
      { emails: [{ ...work, primary: false }] },
    ],
    ['a path with the core URN', {}, replace(`${CORE}:title`, 'x'), { title: 'x' }],
    [
      'a value path with the core URN, in any case',
      {},
      replace(`${CORE.toUpperCase()}:emails[type eq "work"].value`, 'a@work'),
      { emails: [work] },
    ],
    [
      "a path with an extension's URN",
      {},
      replace(`${ENTERPRISE}:department`, 'x'),
      { [ENTERPRISE]: { department: 'x' } },
    ],
    [
      "a part below an extension's URN",
      {},
      replace(`${ENTERPRISE}:manager.value`, 'm'),
      { [ENTERPRISE]: { manager: { value: 'm' } } },
    ],
    [
      "an extension's bare URN",
      { [ENTERPRISE]: { division: 'y' } },
      replace(ENTERPRISE, { department: 'x' }),
      { [ENTERPRISE]: { division: 'y', department: 'x' } },
    ],
    [
      'dotted names, URN names and paths in one object',
      {},
      {
        op: 'replace',
        value: {
          'name.givenName': 'x',
          [`${ENTERPRISE}:employeeNumber`]: '7',
          'emails[type eq "work"].value': 'a@work',
          'phoneNumbers[type eq "mobile"].value': '1',
        },
      },
      {
        name: { givenName: 'x' },
        emails: [work],
        phoneNumbers: [{ type: 'mobile', value: '1' }],
        [ENTERPRISE]: { employeeNumber: '7' },
      },
    ],
    [
      'a scalar in a list, with a reference beside it',
      {},
      replace('title', [{ $ref: null, value: 'x' }]),
      { title: 'x' },
    ],
    [
      'a value path that nothing meets: add',
      { emails: [home] },
      { op: 'Add', path: 'emails[type eq "work"].value', value: 'a@work' },
      { emails: [home, work] },
    ],
    [
      'a value path that nothing meets: replace',
      {},
      replace('addresses[type eq "work"].locality', 'x'),
      { addresses: [{ type: 'work', locality: 'x' }] },
    ],
    [
      'a value path that nothing meets, without a part',
      {},
      { op: 'add', path: 'emails[type eq "work"]', value: { value: 'a@work' } },
      { emails: [work] },
    ],
    [
      "Entra's primary in quotes",
      {},
      { op: 'Add', path: 'roles[primary eq "True"].value', value: 'x' },
      { roles: [{ primary: true, value: 'x' }] },
    ],
    [
      'a list by its part, when there is none',
      {},
      replace('emails.value', 'a@x'),
      { emails: [{ value: 'a@x' }] },
    ],
    [
      'a removal by values in a list',
      { emails: [work, home] },
      { op: 'Remove', path: 'emails', value: [{ value: 'A@WORK' }] },
      { emails: [home] },
    ],
    [
      'a removal by an object with the list inside',
      { emails: [work, home] },
      { op: 'Remove', path: 'emails', value: { emails: [{ value: 'a@work' }] } },
      { emails: [home] },
    ],
    [
      'a removal by a value path',
      { emails: [work, home] },
      { op: 'remove', path: 'emails[value eq "a@work"]' },
      { emails: [home] },
    ],
    [
      'what is primary no longer is so when another becomes it',
      { emails: [{ ...work, primary: true }, home] },
      replace('emails[type eq "home"].primary', true),
      {
        emails: [
          { ...work, primary: false },
          { ...home, primary: true },
        ],
      },
    ],
    [
      'whoever is not primary, said or not',
      { emails: [work, { ...home, primary: true }] },
      { op: 'remove', path: 'emails[primary eq false]' },
      { emails: [{ ...home, primary: true }] },
    ],
  ])('understands %s', (_, before, operation, after) => {
    expect(patched(before, operation)).toEqual({ userName: 'ada', ...after });
  });

  it.each(['title', `${CORE}:title`])('takes null at %s for unassigned', (path) => {
    expect(patched({ title: 'x' }, replace(path, null))).toEqual({ userName: 'ada' });
  });
});

describe('a whole resource', () => {
  const said = {
    schemas: [CORE, ENTERPRISE, 'urn:example:unknown'],
    id: 'an id of theirs',
    meta: { resourceType: 'User', version: 'W/"9"' },
    groups: [],
    password: 'not-a-real-password',
    USERNAME: 'ada',
    title: null,
    roles: [],
    emails: [null, {}, { value: null, type: 'home' }, { value: 'a@work', TYPE: 'work' }],
    addresses: [{ type: 'work', locality: null, country: 'DE' }],
    [ENTERPRISE.toLowerCase()]: { DEPARTMENT: 'x', manager: null },
    shoeSize: 43,
  };
  const kept = {
    userName: 'ada',
    emails: [work],
    addresses: [{ type: 'work', country: 'DE' }],
    [ENTERPRISE]: { department: 'x' },
  };

  it('keeps what there is, and nothing that is ours to say, null or unknown', () => {
    const created = readCreate(said);
    expect('image' in created && created.image.attributes).toEqual(kept);
    expect(attributes(readReplace(said)(stored({ title: 'x' })))).toEqual(kept);
  });
});
