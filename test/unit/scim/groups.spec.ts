// P9: fail closed. What an IdP says of a group is understood as it is meant, or refused as a whole; nothing is guessed.
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { GroupEdit, MembersChange } from '../../../src/deprovision/index.js';
import { DomainError } from '../../../src/kernel/domain-error.js';
import { scimError } from '../../../src/scim/present/errors.js';
import { readBody } from '../../../src/scim/read/body.js';
import { readGroup, readGroupPatch, readNewGroup } from '../../../src/scim/read/group.js';
import { aboutGroup, groupFixtures, type GroupFixture } from '../../support/idp-fixtures.js';

const IDS = {
  id: '0193a1b2-0000-7000-8000-000000000001',
  user: '0193a1b2-0000-7000-8000-000000000002',
  other: '0193a1b2-0000-7000-8000-000000000003',
} as const;

const BEFORE = {
  member: [IDS.user, IDS.other],
  outside: [IDS.other],
  nobody: [],
} as const satisfies Record<GroupFixture['before'], readonly string[]>;

/** What the change makes of these members. */
const after = (before: readonly string[], { replaces, add, remove }: MembersChange): string[] => {
  const kept = replaces ? [] : before.filter((value) => !remove.includes(value));
  return [...new Set([...kept, ...add])];
};

const noGroup = () => false;

function read({ method, body }: ReturnType<typeof aboutGroup>): GroupEdit {
  if (method === 'PUT') return readGroup(body, noGroup);
  if (method === 'PATCH') return readGroupPatch(body, noGroup);
  const { image, members } = readNewGroup(body, noGroup);
  return { ...image, members: { replaces: true, add: members, remove: [] } };
}

const changing = groupFixtures.filter(([, { request }]) =>
  ['POST', 'PUT', 'PATCH'].includes(request.method),
);

describe('what identity providers send about groups', () => {
  it.each(changing)('%s is read as it is meant', (_, fixture) => {
    const { status, scimType, members = [], displayName } = fixture.expect;
    const request = aboutGroup(fixture, IDS);
    if (status === 400) {
      let refused: unknown;
      try {
        read(request);
      } catch (error) {
        refused = error;
      }
      if (!(refused instanceof DomainError)) throw refused;
      expect(scimError(400, refused.code, '')).toMatchObject({ scimType });
      return;
    }
    const edit = read(request);
    const wanted = members.map((who) => IDS[who]).sort();
    expect(after(BEFORE[fixture.before], edit.members).sort()).toEqual(wanted);
    if (displayName !== undefined) expect(edit.displayName ?? 'Staff').toBe(displayName);
  });
});

const patch = (...Operations: unknown[]): GroupEdit =>
  readGroupPatch({ Operations }, (id) => id === IDS.id);

describe('operations', () => {
  const values = fc.constantFrom('a', 'b', 'c', 'd');
  const some = fc.uniqueArray(values, { maxLength: 4 });
  const operation = fc.record({ op: fc.constantFrom('add', 'remove', 'replace'), members: some });

  it('come to what they come to one after the other, and to no member twice', () => {
    fc.assert(
      fc.property(some, fc.array(operation, { maxLength: 6 }), (before, operations) => {
        const edit = patch(
          ...operations.map(({ op, members }) => ({
            op,
            path: 'members',
            value: members.map((value) => ({ value })),
          })),
        );
        const { add, remove } = edit.members;
        expect(new Set([...add, ...remove]).size).toBe(add.length + remove.length);
        const expected = operations.reduce<Set<string>>((held, { op, members }) => {
          if (op === 'replace') return new Set(members);
          const next = new Set(held);
          for (const value of members) {
            if (op === 'add') next.add(value);
            else next.delete(value);
          }
          return next;
        }, new Set(before));
        expect(after(before, edit.members).sort()).toEqual([...expected].sort());
      }),
    );
  });

  it('of one member in two spellings of its id are about one member', () => {
    const upper = IDS.user.toUpperCase();
    const added = patch({ op: 'add', path: 'members', value: [upper, { value: IDS.user }] });
    expect(added.members.add).toEqual([IDS.user]);
    const removed = patch({ op: 'remove', path: `members[value eq "${upper}"]` });
    expect(removed.members.remove).toEqual([IDS.user]);
  });

  it.each([
    [{ op: 'remove', path: 'displayName' }, 'scim.mutability'],
    [{ op: 'replace', path: 'displayName', value: ' ' }, 'scim.invalid_value'],
    [{ op: 'replace', path: 'displayName', value: 'x'.repeat(513) }, 'scim.invalid_value'],
    [{ op: 'replace', path: 'id', value: 'x' }, 'scim.mutability'],
    [{ op: 'remove' }, 'scim.no_target'],
    [{ op: 'remove', value: { displayName: 'x' } }, 'scim.no_target'],
    [{ op: 'replace', value: 'x' }, 'scim.invalid_value'],
    [{ op: 'replace', path: 'members[value eq "a"]', value: 'b' }, 'scim.invalid_path'],
    [{ op: 'remove', path: 'members[not (value eq "a")]' }, 'scim.invalid_path'],
    [{ op: 'remove', path: 'members.value' }, 'scim.invalid_path'],
    [{ op: 'add', path: 'members', value: [''] }, 'scim.invalid_value'],
    [{ op: 'add', path: 'members', value: ['x'.repeat(513)] }, 'scim.invalid_value'],
    [{ op: 'add', path: 'members', value: ['\0'] }, 'request.unstorable_text'],
    [{ op: 'add', path: ['members'], value: ['a'] }, 'scim.invalid_path'],
  ])('%j are refused', (wrong, code) => {
    expect(() => patch(wrong)).toThrow(expect.objectContaining({ code }));
  });

  describe('of what is said to be a group', () => {
    const groups = (value: string) => [
      { value, type: 'Group' },
      { value, type: 'GROUP', $ref: `https://idp.example/Users/${value}` },
      { value, type: 'User', $ref: `https://idp.example/Groups/${value}` },
      { $ref: `https://idp.example/v2/groups/${value}` },
    ];
    const filters = (value: string) => [
      `members[type eq "Group" and value eq "${value}"]`,
      `members[(value eq "${value}" or value eq "${value}") and type eq "group"]`,
    ];

    it.each(['42', IDS.user])('none is added or removed by %s, which is no group', (value) => {
      for (const one of groups(value)) {
        expect(patch({ op: 'add', path: 'members', value: [one, { value: 'b' }] }).members).toEqual(
          { replaces: false, add: ['b'], remove: [] },
        );
        // Nor does it undo what was said of the person.
        const out = { op: 'remove', path: `members[value eq "${value}"]` };
        expect(patch(out, { op: 'add', value: { members: one } }).members.remove).toEqual([value]);
        const into = { op: 'add', path: 'members', value: [value] };
        const removes = [
          { op: 'remove', path: 'members', value: [one] },
          ...filters(value).map((path) => ({ op: 'remove', path })),
        ];
        expect(patch(into, ...removes).members).toEqual({
          ...{ replaces: false, add: [value], remove: [] },
        });
        expect(patch({ op: 'replace', path: 'members', value: one }).members).toEqual({
          ...{ replaces: true, add: [], remove: [] },
        });
      }
    });

    it('a group is added and removed', () => {
      for (const one of groups(IDS.id.toUpperCase()))
        for (const op of ['add', 'remove'] as const)
          expect(patch({ op, path: 'members', value: [one] }).members[op]).toEqual([IDS.id]);
      for (const path of filters(IDS.id))
        expect(patch({ op: 'remove', path }).members.remove).toEqual([IDS.id]);
    });

    it('no value at all is refused', () => {
      expect(() => patch({ op: 'add', path: 'members', value: [{ type: 'Group' }] })).toThrow(
        expect.objectContaining({ code: 'scim.invalid_value' }),
      );
    });
  });

  it('of names that are nobody concern are passed over', () => {
    expect(
      patch(
        { op: 'replace', path: 'description', value: 'x' },
        { op: 'add', value: { type: 'y' } },
      ),
    ).toEqual({ members: { replaces: false, add: [], remove: [] } });
  });
});

describe('whatever is sent', () => {
  it('is read or refused, and nothing else is thrown', () => {
    const words = fc.constantFrom(
      'members',
      'Members',
      'members[value eq "a"]',
      'members[',
      'displayName',
      'value',
      'op',
      'add',
      'Remove',
      'replace',
      'path',
      'Operations',
      'schemas',
      '$ref',
      '__proto__',
    );
    const { tree } = fc.letrec<{ tree: unknown }>((tie) => ({
      tree: fc.oneof(
        { depthSize: 'small', withCrossShrink: true },
        words,
        fc.constantFrom(null, true, 7, ''),
        fc.string(),
        fc.array(tie('tree'), { maxLength: 4 }),
        fc.dictionary(words, tie('tree'), { maxKeys: 5 }),
      ),
    }));
    const operations = fc.array(
      fc.dictionary(fc.constantFrom('op', 'path', 'value'), fc.oneof(words, tree), { maxKeys: 3 }),
      { maxLength: 4 },
    );
    const bodies = fc.oneof(
      tree,
      operations.map((Operations) => ({ Operations })),
    );
    fc.assert(
      fc.property(bodies, (body) => {
        for (const reader of [readNewGroup, readGroup, readGroupPatch]) {
          try {
            reader(readBody(Buffer.from(JSON.stringify(body))), noGroup);
          } catch (error) {
            expect(error).toBeInstanceOf(DomainError);
          }
        }
      }),
      { numRuns: 2_000 },
    );
  });

  it('a member list that stands twice is refused: the last could hide who left', () => {
    const twice = '{"displayName": "x", "members": [], "Members": [{"value": "a"}]}';
    expect(() => readGroup(readBody(Buffer.from(twice)), noGroup)).toThrow('stands twice');
  });
});
