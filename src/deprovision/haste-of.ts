import type { ResourceChange } from './domain/change.js';
import type { GroupChange } from './domain/group-change.js';
import type { Haste } from './turns.js';

/** What may take access away goes first; only a word that is known for another thing waits. */
export function hasteOf(change: ResourceChange): Haste {
  if (change.kind === 'remove') return 'leaver';
  const { word } = change.kind === 'edit' ? change.edit : change;
  return word === 'true' || word === 'absent' ? 'edit' : 'leaver';
}

export const takesAway = ({ edit }: Extract<GroupChange, { kind: 'edit' }>): boolean =>
  edit.members.replaces || edit.members.remove.length > 0;
