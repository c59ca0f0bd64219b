// P9: whoever must leave is not held up, and what takes nobody's access away does not crowd out the rest.
import { describe, expect, it } from '@jest/globals';
import { BulkOrder, isRefused, type Work } from '../../../src/scim/bulk-order.js';
import type { BulkOperation } from '../../../src/scim/read/bulk.js';

const operations = (count: number, data: 'leave' | 'edit'): BulkOperation[] =>
  Array.from({ length: count }, (_, index) => ({
    index,
    method: 'PATCH',
    bulkId: null,
    type: 'Users',
    id: `${data}-${String(index)}`,
    version: undefined,
    data,
  }));

const isLeave = (work: Work): boolean => !isRefused(work) && work.data === 'leave';

/** How many were under way at once, at most: of all, and of those that take no access away. */
async function mostAtOnce(work: readonly BulkOperation[]): Promise<readonly [number, number]> {
  const underWay = new Set<Work>();
  let [most, others] = [0, 0];
  const order = new BulkOrder(
    { operations: work, failOnErrors: Infinity },
    {
      isLeave,
      carryOut: async (one) => {
        underWay.add(one);
        most = Math.max(most, underWay.size);
        others = Math.max(others, [...underWay].filter((other) => !isLeave(other)).length);
        await Promise.resolve();
        underWay.delete(one);
        return { kind: 'removed' };
      },
    },
  );
  await order.run();
  expect(order.done.size).toBe(work.length);
  return [most, others];
}

describe('the operations of a bulk request', () => {
  it('are 64 at once when they take access away', async () => {
    expect(await mostAtOnce(operations(100, 'leave'))).toEqual([64, 0]);
  });

  it('are 8 at once when they take nobody’s access away', async () => {
    expect(await mostAtOnce(operations(100, 'edit'))).toEqual([8, 8]);
  });

  it('are never more than 8 of those beside the leavers', async () => {
    const mixed = [...operations(40, 'leave'), ...operations(40, 'edit')];
    expect(await mostAtOnce(mixed)).toEqual([48, 8]);
  });
});
