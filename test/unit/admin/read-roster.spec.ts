// P6, P9: a roster that was cut or cannot be read says of nobody that they have left, and is never held in memory.
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { whyNotApply } from '../../../src/admin/reconciliation/judge-apply.js';
import { readRoster } from '../../../src/admin/reconciliation/read-roster.js';
import type { RosterRow } from '../../../src/admin/reconciliation/roster-row.js';
import { rosterNames } from '../../../src/directory/domain/roster-names.js';
import { DomainError } from '../../../src/kernel/domain-error.js';
import { sha256 } from '../../../src/platform/crypto/sha256.js';

async function* inChunks(bytes: Uint8Array, size: number): AsyncIterable<Uint8Array> {
  for (let at = 0; at < bytes.byteLength; at += size) {
    await Promise.resolve();
    yield bytes.subarray(at, at + size);
  }
}

async function read(type: string, body: string | Uint8Array, size = 7): Promise<RosterRow[]> {
  const { rows } = readRoster(type, inChunks(Buffer.from(body as string), size));
  const all: RosterRow[] = [];
  for await (const some of rows) all.push(...some);
  return all;
}
const codeOf = async (type: string, body: string | Uint8Array): Promise<string> => {
  try {
    await read(type, body);
    return 'none';
  } catch (error) {
    if (error instanceof DomainError) return error.code;
    throw error;
  }
};
const SCIM = 'application/scim+json; charset=utf-8';
const LINES = 'application/x-ndjson';
const CSV = 'text/csv';
const present = (userName: string, more: object = {}) => ({
  kind: 'present',
  person: { userName, externalId: null, emails: [], ...more },
});
const list = (Resources: unknown[], more: object = {}) => JSON.stringify({ Resources, ...more });

describe('a roster', () => {
  const people = [{ userName: 'ada' }, { userName: 'Bob', externalId: '7', active: 'False' }];
  const expected = [
    present('ada'),
    { kind: 'absent', person: { userName: 'Bob', externalId: '7', emails: [] } },
  ];

  it.each([
    ['a list of SCIM', SCIM, list(people, { totalResults: 2 })],
    ['JSON lines', LINES, `${JSON.stringify(people[0])}\n\n${JSON.stringify(people[1])}`],
    ['CSV', CSV, 'user_name,External_ID,ACTIVE,other\r\nada,,,x\r\nBob,7,False,y\r\n'],
  ])('may be %s, in pieces of any size', async (_, type, body) => {
    for (const size of [1, 3, 50, 10_000]) expect(await read(type, body, size)).toEqual(expected);
  });

  it('gives e-mails as SCIM has them, as texts, and in a column', async () => {
    const emails = ['a@x.test', 'b@x.test'];
    const [row, ...others] = await read(
      SCIM,
      list([{ emails: emails.map((value) => ({ value, type: 'work' })) }, { emails }]),
    );
    expect(row).toEqual(present(null as never, { emails }));
    expect(others).toEqual([row]);
    expect(await read(CSV, 'mail\n"a@x.test"\n')).toEqual([
      present(null as never, { emails: ['a@x.test'] }),
    ]);
  });

  it.each([
    ['nobody', {}],
    ['a name that is no text', { userName: 7 }],
    ['an e-mail that is none', { userName: 'ada', emails: [{ value: 7 }] }],
    ['a name longer than any', { userName: 'x'.repeat(513) }],
    ['no object', 'ada'],
    ['two words of active', { userName: 'ada', active: true, Active: false }],
  ])('with a row of %s has one that is unreadable', async (_, record) => {
    expect(await read(SCIM, list([record]))).toEqual([{ kind: 'unreadable', person: null }]);
  });

  it.each(['userName,email,USERNAME', 'active,userName,active'])(
    'whose header names a column twice is refused: %s',
    async (header) => {
      expect(await codeOf(CSV, `${header}\na,b,c\n`)).toBe('roster.malformed');
    },
  );

  it('whose active is neither true nor false leaves it open who is there', async () => {
    expect(await read(SCIM, list([{ userName: 'ada', active: 'maybe' }]))).toMatchObject([
      { kind: 'unreadable', person: { userName: 'ada' } },
    ]);
  });

  it('is known by the digest of its bytes', async () => {
    const body = Buffer.from('{"userName": "ada"}\n');
    const { rows, digest } = readRoster(LINES, inChunks(body, 5));
    for await (const some of rows) expect(some.length).toBeLessThan(2);
    expect(digest()).toBe(Buffer.from(sha256(body)).toString('base64url'));
  });
});

describe('a roster that was cut', () => {
  it.each([
    [SCIM, list([{ userName: 'ada' }, { userName: 'bob' }], { totalResults: 2 })],
    [LINES, '{"userName": "ada"}\n{"userName": "bob"}'],
    [CSV, 'userName\nada\nbob\n'],
  ])('is refused wherever it was cut, or is whole up to a row: %s', async (type, body) => {
    const whole = await read(type, body);
    for (let length = 1; length < body.length; length += 1) {
      const part = body.slice(0, length);
      const code = await codeOf(type, part);
      // Between two lines nothing shows that there were more.
      const rows = code === 'none' ? await read(type, part) : [];
      expect([code, whole.slice(0, rows.length)]).toEqual([
        code === 'none' ? 'none' : expect.stringMatching(/^roster\.(cut|malformed)$/),
        rows,
      ]);
      if (type === SCIM) expect(code).toBe('roster.cut');
    }
  });

  it('is one that holds fewer than it says', async () => {
    expect(await codeOf(SCIM, list([{ userName: 'ada' }], { totalResults: 2 }))).toBe('roster.cut');
  });

  it('is one whose connection broke', async () => {
    async function* broken(): AsyncIterable<Uint8Array> {
      yield Buffer.from('{"userName": "ada"}\n');
      await Promise.reject(new Error('aborted'));
    }
    const { rows } = readRoster(LINES, broken());
    const all = async () => {
      for await (const some of rows) expect(some.length).toBeLessThan(2);
    };
    await expect(all()).rejects.toMatchObject({ code: 'roster.cut' });
  });
});

describe('what is no roster', () => {
  it.each([
    ['no JSON', SCIM, '<html>', 'roster.malformed'],
    ['something behind the list', SCIM, `${list([])} {}`, 'roster.malformed'],
    ['a line that is none', LINES, '{"userName": "ada"}\nada\n{}\n', 'roster.malformed'],
    ['no UTF-8', LINES, Buffer.from([0x7b, 0xff, 0x7d]), 'roster.malformed'],
    ['a table of other things', CSV, 'colour,size\nred,7\n', 'roster.malformed'],
    ['lines of unequal length', CSV, 'userName,email\nada\n', 'roster.malformed'],
    ['a quote that stays open', CSV, 'userName\n"ada\n', 'roster.cut'],
    ['an endless line', LINES, 'x'.repeat(70_000), 'roster.malformed'],
    ['an endless row', SCIM, list([{ userName: 'x'.repeat(200_000) }]), 'roster.malformed'],
    ['an endless field', CSV, `userName\n${'x'.repeat(70_000)}\n`, 'roster.malformed'],
    ['another type', 'text/plain', 'ada', 'request.media_type'],
    ['no type', '', 'ada', 'request.media_type'],
  ])('is refused: %s', async (_, type, body, code) => {
    expect(await codeOf(type, body)).toBe(code);
  });

  it('never fails in a way that nobody foresaw', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(SCIM, LINES, CSV),
        fc.oneof(
          fc.string(),
          fc.json(),
          fc.json().map((one) => `{"Resources": ${one}}`),
        ),
        async (type, body) => {
          expect(await codeOf(type, body)).toMatch(/^(none|roster\.(cut|malformed))$/);
        },
      ),
    );
  });

  it.each([SCIM, LINES, CSV])('and one without anybody is empty: %s', async (type) => {
    const body = type === SCIM ? list([]) : type === CSV ? 'userName\n' : '';
    expect(await read(type, body)).toEqual([]);
  });
});

describe('whom a row of the roster stands for', () => {
  it('is told by the strongest name that both sides have', () => {
    const named = { userName: 'Ada', externalId: 'E1', emails: ['A@x'] };
    expect(rosterNames(named)).toEqual(['e\nE1', 'N\nada']);
    expect(rosterNames({ ...named, externalId: null })).toEqual(['n\nada']);
    expect(rosterNames({ ...named, userName: null })).toEqual(['e\nE1', 'M\na@x']);
    expect(rosterNames({ ...named, userName: null, externalId: null })).toEqual(['m\na@x']);
  });
});

describe('whether a roster may be applied', () => {
  const sound = { rows: 8, present: 8, unreadable: 0, people: 10, missing: 2, withLiveTokens: 2 };
  it.each([
    ['up to the share', sound, 20, undefined],
    ['not beyond it', { ...sound, missing: 3 }, 20, 'roster.too_many_missing'],
    [
      'not when those who hold tokens are more',
      { ...sound, withLiveTokens: 3 },
      20,
      'roster.too_many_missing',
    ],
    ['not when anybody is missing and nobody may be', sound, 0, 'roster.too_many_missing'],
    ['when nobody is missing', { ...sound, missing: 0, withLiveTokens: 0 }, 0, undefined],
    ['not an empty one, whatever the share', { ...sound, present: 0 }, 100, 'roster.empty'],
    [
      'not one with a row that cannot be read',
      { ...sound, unreadable: 1 },
      100,
      'roster.malformed',
    ],
    [
      'where there are no people',
      { ...sound, people: 0, missing: 0, withLiveTokens: 0 },
      20,
      undefined,
    ],
  ])('%s', (_, comparison, share, code) => {
    expect(whyNotApply(comparison, share)?.code).toBe(code);
  });
});
