import type { Generations } from '../../contract/access-token.js';
import type { ErrorCode } from '../../kernel/domain-error.js';

/** Where a subject stands now: its generation, and the names of its holds. */
export interface Standing {
  readonly generation: number;
  readonly holds: readonly string[];
}

/** The four subjects of a device token. Null where a row is missing: that refuses. */
export interface Standings {
  readonly org: Standing | null;
  readonly user: Standing | null;
  readonly device: Standing | null;
  readonly family: Standing | null;
}

/** In place of the user where a token has no owner. */
export const NOBODY: Standing = { generation: 0, holds: [] };

/** A no, and why. */
export interface Refused {
  readonly refused: ErrorCode;
  readonly detail?: string;
}

/** Whether anything of what was issued under these generations may still be used. */
export function isAlive(issued: Generations, { org, user, device, family }: Standings): boolean {
  return (
    org !== null &&
    user !== null &&
    device !== null &&
    family !== null &&
    issued.o >= org.generation &&
    issued.u >= user.generation &&
    issued.d >= device.generation &&
    issued.f >= family.generation
  );
}

/** Whose hold keeps new tokens back; null when nobody's does. */
export function heldBy({ org, user, device, family }: Standings): Refused | null {
  const isHeld = (standing: Standing | null): boolean =>
    standing === null || standing.holds.length > 0;
  if (isHeld(org)) return { refused: 'organization.held' };
  if (isHeld(user)) return { refused: 'user.held' };
  if (isHeld(device) || isHeld(family)) return { refused: 'device.held' };
  return null;
}
