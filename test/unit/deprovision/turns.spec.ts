// P8: a deprovision is not kept waiting behind what another organization has piled up; P6: who waits too long hears 503.
import { describe, expect, it } from '@jest/globals';
import { Turns } from '../../../src/deprovision/turns.js';
import { DomainError } from '../../../src/kernel/domain-error.js';

/** Work that ends when it is told to, and remembers the order in which it began. */
class Stage {
  readonly begun: string[] = [];
  readonly #open: (() => void)[] = [];

  work(name: string): () => Promise<string> {
    return () => {
      this.begun.push(name);
      return new Promise((resolve) =>
        this.#open.push(() => {
          resolve(name);
        }),
      );
    };
  }

  /** Ends the one that began first. */
  async endOne(): Promise<void> {
    this.#open.shift()?.();
    await new Promise((resolve) => setImmediate(resolve));
  }

  get running(): number {
    return this.#open.length;
  }
}

describe('turns', () => {
  it('let organizations go in turn, however many changes one of them has', async () => {
    const [turns, stage] = [new Turns(2), new Stage()];
    const many = Array.from({ length: 20 }, (_, i) =>
      turns.run('a', 'leaver', stage.work(`a${i}`)),
    );
    const single = turns.run('b', 'leaver', stage.work('b'));
    expect(stage.begun).toEqual(['a0', 'a1']);
    await stage.endOne();
    await stage.endOne();
    expect(stage.begun).toEqual(['a0', 'a1', 'a2', 'b']);
    while (stage.running > 0) await stage.endOne();
    expect(await single).toBe('b');
    expect(await Promise.all(many)).toHaveLength(20);
  });

  it('never have more running than they may, and go on after a failure', async () => {
    const turns = new Turns(3);
    let [running, most] = [0, 0];
    const outcomes = await Promise.allSettled(
      Array.from({ length: 50 }, (_, i) =>
        turns.run(`org-${i % 7}`, 'leaver', async () => {
          running += 1;
          most = Math.max(most, running);
          await new Promise((resolve) => setImmediate(resolve));
          running -= 1;
          if (i % 5 === 0) throw new Error('no');
        }),
      ),
    );
    expect(most).toBe(3);
    expect(outcomes.filter(({ status }) => status === 'rejected')).toHaveLength(10);
    expect(await turns.run('later', 'leaver', () => Promise.resolve('yes'))).toBe('yes');
  });

  it('refuse who has waited too long, whose work never begins, and keep no place for them', async () => {
    const [turns, stage] = [new Turns(1, 5), new Stage()];
    const first = turns.run('a', 'leaver', stage.work('a'));
    const late = turns.run('a', 'leaver', stage.work('late'));
    await expect(late).rejects.toMatchObject({ code: 'store.unavailable' });
    await expect(late).rejects.toBeInstanceOf(DomainError);
    await stage.endOne();
    await first;
    expect(await turns.run('a', 'leaver', () => Promise.resolve('next'))).toBe('next');
    expect(stage.begun).toEqual(['a']);
  });

  it('let leavers go before edits, of their own organization and of others', async () => {
    const [turns, stage] = [new Turns(1), new Stage()];
    const all = [
      turns.run('a', 'leaver', stage.work('first')),
      ...[1, 2].map((n) => turns.run('a', 'edit', stage.work(`edit ${n}`))),
      turns.run('b', 'edit', stage.work('edit of b')),
      turns.run('a', 'leaver', stage.work('leaver')),
      turns.run('b', 'leaver', stage.work('leaver of b')),
    ];
    while (stage.running > 0) await stage.endOne();
    expect(stage.begun).toEqual([
      'first',
      'leaver',
      'leaver of b',
      'edit 1',
      'edit of b',
      'edit 2',
    ]);
    await Promise.all(all);
  });

  it('keep no edit waiting for ever behind leavers that never end', async () => {
    const [turns, stage] = [new Turns(1), new Stage()];
    const all = [
      turns.run('a', 'leaver', stage.work('leaver')),
      turns.run('a', 'edit', stage.work('edit')),
    ];
    for (let n = 0; n < 20 && !stage.begun.includes('edit'); n += 1) {
      all.push(turns.run('a', 'leaver', stage.work('leaver')));
      await stage.endOne();
    }
    expect(stage.begun.indexOf('edit')).toBe(9);
    while (stage.running > 0) await stage.endOne();
    await Promise.all(all);
  });

  it('refuse edits at once when too many wait, and never a leaver', async () => {
    const [turns, stage] = [new Turns(1), new Stage()];
    const first = turns.run('a', 'leaver', stage.work('first'));
    const edits = Array.from({ length: 10_001 }, (_, n) =>
      turns.run('a', 'edit', () => Promise.resolve(n)),
    );
    await expect(edits.at(-1)).rejects.toMatchObject({ code: 'store.unavailable' });
    const leaver = turns.run('a', 'leaver', () => Promise.resolve('left'));
    await stage.endOne();
    expect(await leaver).toBe('left');
    await first;
    await Promise.all(edits.slice(0, -1));
  });
});
