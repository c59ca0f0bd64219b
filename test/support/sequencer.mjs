import TestSequencer from '@jest/test-sequencer';

/** Files that mostly wait for servers that are broken on purpose, and those that keep a processor busy. */
const WAITING = ['/test/faults/'];
const BUSY = ['/test/e2e/', '/test/postgres/', '/test/contract/', '/test/unit/'];

const roomOf = (rooms, { path }) => rooms.findIndex((room) => path.includes(room));

/**
 * Long rooms first, since a long file that begins last keeps everybody waiting; and of who waits and who is busy one
 * each in turn, so that there is something to do meanwhile.
 */
export default class SlowRoomsFirst extends TestSequencer {
  /** jest knows how long a file took only where it has run before; on a fresh clone it goes by size. */
  sort(tests) {
    const sorted = super.sort(tests);
    const waiting = sorted.filter((test) => roomOf(WAITING, test) >= 0);
    const busy = sorted
      .filter((test) => roomOf(WAITING, test) < 0)
      .sort((a, b) => roomOf(BUSY, a) - roomOf(BUSY, b));
    return busy
      .flatMap((test, i) => [...waiting.slice(i, i + 1), test])
      .concat(waiting.slice(busy.length));
  }
}
