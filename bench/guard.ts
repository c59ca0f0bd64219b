import type { Bench } from './frame/bench.js';
import { message, Processes } from './frame/processes.js';
import { judge, judgements, short, table } from './frame/summary.js';

interface Measured {
  readonly kind: 'measured';
  /** Nanoseconds for one. */
  readonly floors: { readonly ed25519: number; readonly fastJwt: number };
  readonly sizes: readonly {
    readonly entries: number;
    readonly ns: number;
    readonly bytesEach: number;
  }[];
}

export const guard: Bench = {
  about: 'one check with a known signature, revocation included, and what an entry weighs',
  run: async ({ say, stop, atEnd }) => {
    const processes = new Processes();
    atEnd(() => processes.end());
    stop.throwIfAborted();
    // A process of its own, that has done nothing else: heap and machine code are the guard's.
    const child = processes.start('bench/programs/guard.ts', {}, ['--expose-gc']);
    const { floors, sizes } = await message<Measured>(child, 'measured');
    const [none, most] = [sizes[0]!, sizes.at(-1)!];
    const budgets = [
      judge('a check, 1 M entries', [most.ns / 1_000, 'µs'], 'lower', 1),
      judge('checks by one core, 1 M entries', [1e9 / most.ns, '/s'], 'higher', 1_000_000),
      judge('1 M entries / none', [most.ns / none.ns, '×'], 'lower', 1.5),
      judge('an entry, 1 M entries', [most.bytesEach, 'bytes'], 'lower', 100),
      judge('a check / fast-jwt with its cache', [most.ns / floors.fastJwt, '×'], 'lower', 1),
    ];
    say(
      table([
        ['', 'µs', 'bytes each'],
        ...sizes.map(({ entries, ns, bytesEach }) => [
          `check, ${entries} entries`,
          short(ns / 1_000),
          entries === 0 ? '' : short(bytesEach),
        ]),
        [
          'floor: fast-jwt, every token in its cache, no revocation',
          short(floors.fastJwt / 1_000),
          '',
        ],
        ['floor: one Ed25519 verification', short(floors.ed25519 / 1_000), ''],
      ]),
    );
    say(`\n${judgements(budgets)}`);
    return { floors, sizes, budgets };
  },
};
