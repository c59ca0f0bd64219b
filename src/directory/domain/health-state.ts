/** From so many failures in a row on, an IdP is failing: a person's record that is wrong makes fewer. */
export const FAILING_FROM = 10;

export const HEALTH_STATES = [
  'waiting',
  'healthy',
  'ending',
  'failing',
  'silent',
  'removed',
] as const;
export type HealthState = (typeof HEALTH_STATES)[number];

/** In one word; the worst one. `waiting`: it has never been heard. `ending`: the secret that it shows is about to end. */
export function healthState(of: {
  readonly removedAt: Date | null;
  readonly firstRequestAt: Date | null;
  readonly silentSince: Date | null;
  readonly errorStreak: number;
  readonly secretEndsAt: Date | null;
}): HealthState {
  if (of.removedAt !== null) return 'removed';
  if (of.firstRequestAt === null && of.secretEndsAt === null) return 'waiting';
  if (of.silentSince !== null) return 'silent';
  if (of.errorStreak >= FAILING_FROM) return 'failing';
  return of.secretEndsAt === null ? 'healthy' : 'ending';
}
