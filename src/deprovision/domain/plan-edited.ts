import type { Edited } from './change.js';
import {
  namesAdded,
  planEdit,
  planRefusedEdit,
  type BeforeEdit,
  type EditChange,
  type Planned,
} from './plan-edit.js';
import type { Circumstances, Identity } from './plan.js';

/** An edit that gives somebody new names: they are locked before there can be a plan. */
export interface Renaming {
  readonly edited: Exclude<Edited, { readonly refused: Error }>;
  readonly names: readonly Identity[];
}

/** The plan of an edit, when it needs no locks beside those of its person. */
export function planEdited(
  around: Circumstances,
  before: BeforeEdit,
  { edit, verb = 'patch' }: EditChange,
): Planned | Renaming {
  const edited = edit(before.resource);
  if ('refused' in edited) return planRefusedEdit(around, before, edited);
  const names = namesAdded(before, edited.next);
  if (names.length > 0) return { edited, names };
  return planEdit(around, before, { ...edited, waiting: [], verb });
}
