import { DomainError } from '../../kernel/domain-error.js';

export interface Comparison {
  /** Rows of the roster. */
  readonly rows: number;
  /** Those of people who are there. */
  readonly present: number;
  readonly unreadable: number;
  /** Active people of the connection. */
  readonly people: number;
  /** Those of them who are not on the roster. */
  readonly missing: number;
  readonly withLiveTokens: number;
}

/**
 * Whether it may be believed that those who are missing have left. A roster that is empty, or of some other company,
 * must not cost everybody their access.
 *
 * @param maxShare of the connection's people, per cent
 * @returns why not; null when it may
 */
export function whyNotApply(
  { present, unreadable, people, missing, withLiveTokens }: Comparison,
  maxShare: number,
): DomainError | null {
  if (present === 0) return new DomainError('roster.empty', 'nobody is on the roster');
  if (unreadable > 0)
    return new DomainError(
      'roster.malformed',
      `${unreadable} rows say of nobody that they are there`,
    );
  const going = Math.max(missing, withLiveTokens);
  if (going * 100 <= maxShare * people) return null;
  return new DomainError(
    'roster.too_many_missing',
    `${going} of ${people} people would go, more than ${maxShare} %`,
  );
}
