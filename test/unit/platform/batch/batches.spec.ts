// P8: who asks alone waits for nobody; P2: nobody is answered by what was read before they asked.
import { describe, expect, it } from '@jest/globals';
import { Batches, type BatchRules } from '../../../../src/platform/batch/batches.js';

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** Work that ends when it is told to. */
class Stage {
  readonly begun: (readonly string[])[] = [];
  readonly #ends: ((error?: Error) => void)[] = [];

  readonly carryOut = (questions: readonly string[]): Promise<readonly { of: string }[]> => {
    this.begun.push(questions);
    return new Promise((resolve, reject) =>
      this.#ends.push((error) => {
        if (error === undefined) resolve(questions.map((of) => ({ of })));
        else reject(error);
      }),
    );
  };

  /** Ends the one that began first. */
  async end(error?: Error): Promise<void> {
    this.#ends.shift()?.(error);
    await turn();
  }
}

function scene(more: Partial<BatchRules> = {}) {
  const stage = new Stage();
  const rules = { atOnce: 1, most: 3, patienceMs: 60_000, ...more };
  return { stage, batches: new Batches(rules, stage.carryOut) };
}

describe('batches', () => {
  it('begin with whoever is there, alone or with those who ask in the same turn', async () => {
    const { stage, batches } = scene();
    const alone = batches.answer('a');
    await turn();
    expect(stage.begun).toEqual([['a']]);
    await stage.end();
    expect(await alone).toEqual({ of: 'a' });
    const both = [batches.answer('b'), batches.answer('c')];
    await turn();
    expect(stage.begun).toEqual([['a'], ['b', 'c']]);
    await stage.end();
    expect(await Promise.all(both)).toEqual([{ of: 'b' }, { of: 'c' }]);
  });

  it('are never joined once they have begun: who comes meanwhile goes together afterwards, in order', async () => {
    const { stage, batches } = scene();
    const answers = [batches.answer('a')];
    await turn();
    for (const question of ['b', 'c', 'd', 'e']) answers.push(batches.answer(question));
    await turn();
    expect(stage.begun).toEqual([['a']]);
    await stage.end();
    expect(stage.begun).toEqual([['a'], ['b', 'c', 'd']]);
    await stage.end();
    await stage.end();
    expect(stage.begun[2]).toEqual(['e']);
    expect(await Promise.all(answers)).toEqual(['a', 'b', 'c', 'd', 'e'].map((of) => ({ of })));
  });

  it('of different lines do not wait for each other, and no line has more than it may', async () => {
    const { stage, batches } = scene({ atOnce: 2, most: 1 });
    const asked = [...['1', '2', '3'].map((q) => batches.answer(q, 'x')), batches.answer('4', 'y')];
    await turn();
    expect(stage.begun).toEqual([['1'], ['2'], ['4']]);
    await stage.end();
    expect(stage.begun).toHaveLength(4);
    for (let i = 0; i < 3; i += 1) await stage.end();
    expect(await Promise.all(asked)).toHaveLength(4);
  });

  it('that fail are the trouble of those in them, and of nobody else', async () => {
    const { stage, batches } = scene();
    const first = batches.answer('a');
    const second = batches.answer('b');
    await turn();
    const third = batches.answer('c');
    const told = Promise.allSettled([first, second]);
    await stage.end(new Error('no'));
    expect((await told).map(({ status }) => status)).toEqual(['rejected', 'rejected']);
    await stage.end();
    expect(await third).toEqual({ of: 'c' });
  });

  it('that do not begin in time are called off, and their questions are not asked', async () => {
    const { stage, batches } = scene({ patienceMs: 5 });
    const first = batches.answer('a');
    await turn();
    await expect(batches.answer('b')).rejects.toMatchObject({ code: 'store.unavailable' });
    await stage.end();
    await first;
    expect(stage.begun).toEqual([['a']]);
  });
});
