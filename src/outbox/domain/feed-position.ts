import { MAX_POSITION } from '../../contract/snapshot.js';

/** Where a follower is: a moment of the database within an epoch. */
export interface FeedPosition {
  readonly epoch: number;
  readonly snapshot: string;
}

const POSITION = /^(\d{1,15})\.(\d{1,19}:\d{1,19}:(?:\d{1,19}(?:,\d{1,19})*)?)$/;

export const positionText = ({ epoch, snapshot }: FeedPosition): string => `${epoch}.${snapshot}`;

/** Null when it is none of ours. */
export function readPosition(text: string): FeedPosition | null {
  if (text.length > MAX_POSITION) return null;
  const [, epoch, snapshot] = POSITION.exec(text) ?? [];
  if (epoch === undefined || snapshot === undefined) return null;
  const [least = 0n, most = 0n] = snapshot.split(':', 2).map(BigInt);
  // PostgreSQL counts from 1, in 64 bits, and refuses anything that is not in order.
  const inProgress = (snapshot.split(':')[2] ?? '').split(',').filter(Boolean).map(BigInt);
  const isInOrder = inProgress.every(
    (id, i) => id >= least && id < most && (i === 0 || id > (inProgress[i - 1] ?? id)),
  );
  const isSound = least > 0n && least <= most && most < 2n ** 63n && isInOrder;
  return isSound ? { epoch: Number(epoch), snapshot } : null;
}
