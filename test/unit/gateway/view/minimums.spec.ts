// P4: nothing is lost, nothing is undone; the merge cannot be lowered by order, repetition or replay.
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { Minimums } from '../../../../src/gateway/view/minimums.js';
import { Subject } from '../../../../src/gateway/view/subject.js';

const subject = fc.constantFrom('a', 'b', 'c', '__proto__', 'constructor', 'toString');
const raise = fc.tuple(subject, fc.nat(1000), fc.nat(10_000_000));
const raises = fc.array(raise, { maxLength: 40 });
const SUBJECTS = ['a', 'b', 'c', '__proto__', 'constructor', 'toString'];

type Raise = [string, number, number];

const all = (table: Minimums): number[] => SUBJECTS.map((name) => table.least(new Subject(name)));
function tableOf(list: readonly Raise[]): Minimums {
  const table = new Minimums();
  for (const [name, value, at] of list) table.raise(new Subject(name), value, at);
  return table;
}

describe('the smallest good generation of each subject', () => {
  it('is the largest that was said, in whatever order and however often', () => {
    fc.assert(
      fc.property(raises, fc.func(fc.nat()), (list, order) => {
        const shuffled = list.map((r, i) => [r, order(i)] as const);
        shuffled.sort(([, a], [, b]) => a - b);
        const again = [...shuffled.map(([r]) => r), ...list];
        expect(all(tableOf(again))).toEqual(all(tableOf(list)));
        for (const [i, name] of SUBJECTS.entries()) {
          const said = list.filter(([n]) => n === name).map(([, value]) => value);
          expect(all(tableOf(list))[i]).toBe(Math.max(0, ...said));
        }
      }),
    );
  });

  it('never falls while anything is applied', () => {
    fc.assert(
      fc.property(raises, (list) => {
        const table = new Minimums();
        for (const [name, value, at] of list) {
          const before = all(table);
          table.raise(new Subject(name), value, at);
          all(table).forEach((now, i) => {
            expect(now).toBeGreaterThanOrEqual(before[i]!);
          });
        }
      }),
    );
  });

  it('forgets the same subjects in whatever order they came', () => {
    fc.assert(
      fc.property(raises, fc.nat(10_000_000), (list, before) => {
        const [one, other] = [tableOf(list), tableOf([...list].reverse())];
        one.forget(before);
        other.forget(before);
        expect(all(one)).toEqual(all(other));
        expect(one.size).toBe(other.size);
      }),
    );
  });

  it('keeps every subject that was revoked at or after the time before which it forgets', () => {
    fc.assert(
      fc.property(raises, fc.nat(10_000_000), (list, before) => {
        const table = tableOf(list);
        table.forget(before);
        for (const [name, value, at] of list) {
          if (at >= before) expect(table.least(new Subject(name))).toBeGreaterThanOrEqual(value);
        }
      }),
    );
  });

  it('lets go of what is old', () => {
    const table = tableOf([
      ['a', 5, 0],
      ['b', 5, 60_000],
    ]);
    table.forget(60_000);
    expect([table.least(new Subject('a')), table.least(new Subject('b')), table.size]).toEqual([
      0, 5, 1,
    ]);
  });

  it('takes __proto__ for a subject like any other', () => {
    const table = tableOf([['__proto__', 7, 0]]);
    expect(table.least(new Subject('__proto__'))).toBe(7);
    expect(table.least(new Subject('toString'))).toBe(0);
    expect(({} as Record<string, unknown>)['least']).toBeUndefined();
  });
});

describe('a table of many', () => {
  const uuid = (n: number): string =>
    `01a21e7c-${(n >> 8).toString(16).padStart(4, '0')}-7000-8000-0000000000${(n & 255).toString(16).padStart(2, '0')}`;
  /** Who asks about them keeps them, as a remembered token does. */
  const KEPT = Array.from({ length: 401 }, (_, n) => new Subject(uuid(n)));
  const deed = fc.oneof(
    {
      weight: 9,
      arbitrary: fc.tuple(fc.constant('raise'), fc.nat(400), fc.nat(2 ** 40), fc.nat(60)),
    },
    { weight: 1, arbitrary: fc.tuple(fc.constant('forget'), fc.nat(60), fc.nat(0), fc.nat(0)) },
  );

  it('says what a Map of all that was said would say, through growth, forgetting and coming back', () => {
    fc.assert(
      fc.property(fc.array(deed, { maxLength: 1_500, size: 'max' }), (deeds) => {
        const table = new Minimums();
        const model = new Map<string, { value: number; minute: number }>();
        for (const [what, n, value, minute] of deeds) {
          if (what === 'raise') {
            const before = model.get(uuid(n)) ?? { value: 0, minute: -1 };
            const after = {
              value: Math.max(before.value, value),
              minute: Math.max(before.minute, minute),
            };
            model.set(uuid(n), after);
            table.raise(new Subject(uuid(n)), value, minute * 60_000);
          } else {
            for (const [id, { minute: at }] of model) if (at < n) model.delete(id);
            table.forget(n * 60_000);
          }
        }
        expect(table.size).toBe(model.size);
        for (const subject of KEPT)
          expect(table.least(subject)).toBe(model.get(subject.id)?.value ?? 0);
        const said = [...model].map(([id, { value, minute }]) => [id, value, minute].join());
        expect(Array.from(table.entries(), (entry) => entry.join()).sort()).toEqual(said.sort());
      }),
      { numRuns: 30 },
    );
  });

  it('says everything that stays once, to whoever asks slowly, through growth and forgetting', () => {
    const table = tableOf([
      ['a', 1, 600_000],
      ['b', 1, 0],
    ]);
    // Every other one is old, and its place is taken by another while somebody reads.
    for (let n = 0; n < 60; n += 1)
      table.raise(new Subject(uuid(n)), n + 1, n % 2 === 0 ? 600_000 : 0);
    const heard: string[] = [];
    for (const [subject] of table.entries()) {
      heard.push(subject);
      if (heard.length === 10) {
        table.forget(600_000);
        for (let n = 100; n < 400; n += 1) table.raise(new Subject(uuid(n)), 1, 600_000);
      }
    }
    const stays = ['a', ...Array.from({ length: 30 }, (_, n) => uuid(2 * n))];
    expect(heard).toEqual(expect.arrayContaining(stays));
    expect(new Set(heard).size).toBe(heard.length);
    expect(heard).not.toContain('b');
  });

  it('takes no other spelling of a UUID for it', () => {
    const id = '01a21e7c-abcd-7000-8000-00000000000f';
    const table = tableOf([[id, 7, 0]]);
    const spellings = [id.toUpperCase(), `${id} `, id.replaceAll('-', ''), id.replace('-', '0')];
    expect(spellings.map((one) => table.least(new Subject(one)))).toEqual([0, 0, 0, 0]);
    table.raise(new Subject(id.toUpperCase()), 9, 0);
    expect([
      table.least(new Subject(id)),
      table.least(new Subject(id.toUpperCase())),
      table.size,
    ]).toEqual([7, 9, 2]);
  });

  it('remembers generations beyond 32 bits, as they are after a recovery', () => {
    const id = '01a21e7c-abcd-7000-8000-00000000000f';
    expect(tableOf([[id, 3 * 2 ** 32 + 1, 0]]).least(new Subject(id))).toBe(3 * 2 ** 32 + 1);
  });
});
