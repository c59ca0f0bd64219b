import type { Generations } from '../../contract/access-token.js';
import { raisedGeneration } from '../../contract/generation.js';
import type { UserId } from '../../kernel/ids.js';
import { heldBy, NOBODY, type Refused, type Standing } from './standing.js';

/** What is known once the user's and the device's generation rows are locked. */
export interface BeforeIssue {
  /** Whose token it will be; null when nobody was named and nobody held the device. */
  readonly owner: UserId | null;
  /** Whether the request named the owner. */
  readonly isNamed: boolean;
  readonly isNewDevice: boolean;
  /** Who holds the device now. */
  readonly holders: readonly UserId[];
  /** Whether the owner has a living, active resource. */
  readonly isActive: boolean;
  readonly isKeyLive: boolean;
  readonly allowsOwnerless: boolean;
  readonly org: Standing | null;
  readonly user: Standing | null;
  readonly device: Standing | null;
  /** Of the installation. */
  readonly epoch: number;
}

export interface Issue {
  /** The device is given to the owner. */
  readonly assigns: boolean;
  /** Nobody held the device: what was issued to it ends, so that it is not inherited. */
  readonly endsDevice: boolean;
  /** What the token is issued under. */
  readonly generations: Generations;
}

/** `moved`: the device has changed hands since its holder was looked up. Whoever asked looks again. */
export type IssueDecision = Issue | Refused | 'moved';

export function decideIssue(before: BeforeIssue): IssueDecision {
  const { owner, holders } = before;
  const { org, device } = before;
  const user = owner === null ? NOBODY : before.user;
  if (!before.isKeyLive) return { refused: 'credential.invalid' };
  if (!before.isNamed) {
    if (holders.length > 1)
      return {
        refused: 'device.owner_required',
        detail: 'several users hold this device: the request must name one',
      };
    if ((holders[0] ?? null) !== owner) return 'moved';
    if (owner === null && !before.allowsOwnerless)
      return {
        refused: 'device.owner_required',
        detail: 'nobody holds this device: the request must name a user',
      };
  }
  if (owner !== null && !before.isActive)
    return { refused: 'user.closed', detail: 'the user is not active' };
  // The family's row is made with it: nothing can stand against it yet.
  const held = heldBy({ org, user, device, family: NOBODY });
  if (held !== null || org === null || user === null || device === null)
    return held ?? { refused: 'user.held' };
  const assigns = owner !== null && !holders.includes(owner);
  const endsDevice = assigns && holders.length === 0 && !before.isNewDevice;
  return {
    assigns,
    endsDevice,
    generations: {
      o: org.generation,
      u: user.generation,
      d: endsDevice ? raisedGeneration(device.generation, before.epoch) : device.generation,
      f: 1,
    },
  };
}
