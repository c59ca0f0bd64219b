// P7: a cursor only says where a list goes on; it opens nothing.
import { describe, expect, it } from '@jest/globals';
import { cursorOf, readCursor } from '../../../src/admin/http/paging.js';
import { mayDo, ROLES } from '../../../src/admin/roles.js';
import { newId } from '../../../src/kernel/ids.js';

describe('a cursor', () => {
  it('leads back to the item it was made of', () => {
    const id = newId();
    expect(readCursor(cursorOf(id))).toBe(id);
    expect(readCursor(undefined)).toBeNull();
  });

  it.each(['', 'x', '=', 'AAAAAAAAAAAAAAAAAAAAAB', '!!!!!!!!!!!!!!!!!!!!!!', newId()])(
    'that no list gave is refused: %s',
    (cursor) => {
      expect(() => readCursor(cursor)).toThrow('cursor: not one that this list gave');
    },
  );
});

describe('a role', () => {
  it('may do what the one below it may, and more', () => {
    const deeds = ['read', 'operate', 'own'] as const;
    expect(ROLES.map((role) => deeds.filter((deed) => mayDo(role, deed)))).toEqual([
      ['read', 'operate', 'own'],
      ['read', 'operate'],
      ['read'],
    ]);
  });
});
