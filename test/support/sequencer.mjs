import TestSequencer from '@jest/test-sequencer';

/** Rooms in the order of how long their files take: a long one that begins last keeps everybody waiting. */
const ROOMS = ['/test/faults/', '/test/e2e/', '/test/postgres/', '/test/contract/', '/test/unit/'];

const roomOf = ({ path }) => ROOMS.findIndex((room) => path.includes(room));

/** jest knows how long a file took only where it has run before; on a fresh clone it goes by size. */
export default class SlowRoomsFirst extends TestSequencer {
  sort(tests) {
    return [...super.sort(tests)].sort((a, b) => roomOf(a) - roomOf(b));
  }
}
