import type { Watermark } from '../../contract/watermark.js';

export interface Anchor {
  readonly tMs: number;
  readonly isGenesis: boolean;
}

export interface Head {
  readonly seq: number;
  readonly digest: string;
  readonly epoch: number;
}

/** Where a chain stood, in order and complete, when its partition was begun anew. */
export interface Standing {
  readonly anchor: Anchor;
  readonly head: Head;
}

/**
 * A log that was deleted and made anew begins with the watermark at which the chain stood, or with the next one: then it
 * is the same chain, from the same anchor on, and no older one has to be waited for.
 */
export function goesOnAt(
  { head }: Standing,
  { seq, prev, epoch }: Watermark,
  digest: string,
): 'same' | 'next' | null {
  if (seq === head.seq && digest === head.digest) return 'same';
  return seq === head.seq + 1 && prev === head.digest && epoch >= head.epoch ? 'next' : null;
}
