import { DomainError, type ErrorCode } from '../../kernel/domain-error.js';
import type { Done } from '../bulk-order.js';

/** An outcome as it is kept: ids and codes, and of a refusal our own words. */
type Kept =
  | Exclude<Done, { readonly kind: 'refused' }>
  | { readonly kind: 'refused'; readonly code: ErrorCode; readonly detail: string };

export const kept = (done: Done): Kept =>
  done.kind === 'refused'
    ? { kind: 'refused', code: done.why.code, detail: done.why.detail }
    : done;

/** Of what {@link kept} made: nobody else writes there. */
export function doneIn(value: unknown): Done {
  const read = value as Kept;
  return read.kind === 'refused'
    ? { kind: 'refused', why: new DomainError(read.code, read.detail) }
    : read;
}
