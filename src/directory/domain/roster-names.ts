/** One person of a roster, by the names that it gives. */
export interface PresentedPerson {
  readonly userName: string | null;
  readonly externalId: string | null;
  readonly emails: readonly string[];
}

/**
 * By what somebody is found on a roster: the strongest name that both sides have. An external id decides alone where
 * both have one, so that whoever has got a leaver's user name does not stand in for them; then the user name, then
 * e-mails, which several people may share.
 *
 * `e` and `n`, `m` are names that count for everybody, `N` and `M` only for those who have no external id.
 */
export function rosterNames({ userName, externalId, emails }: PresentedPerson): readonly string[] {
  const names = externalId === null ? [] : [`e\n${externalId}`];
  const isStrong = externalId !== null;
  if (userName !== null) return [...names, `${isStrong ? 'N' : 'n'}\n${userName.toLowerCase()}`];
  return [...names, ...emails.map((each) => `${isStrong ? 'M' : 'm'}\n${each.toLowerCase()}`)];
}
