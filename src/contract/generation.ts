/** Each recovery of a lost database begins a range of its own. */
const PER_EPOCH = 2 ** 32;

/**
 * The generation after a raise: past the last one that is known and, after a recovery, past every one that a
 * database which was lost may have given out (design §7). Epoch 1 has nothing to make up for.
 */
export const raisedGeneration = (generation: number, epoch: number): number =>
  Math.max(generation + 1, leastRaised(epoch));

/** The smallest generation that a raise of this epoch may give. */
export const leastRaised = (epoch: number): number => (epoch > 1 ? epoch * PER_EPOCH : 0);
