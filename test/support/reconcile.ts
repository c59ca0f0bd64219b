import { createHash } from 'node:crypto';

/** Somebody who may look behind the service. */
export interface Onlooker {
  query<R extends object>(text: string, values: unknown[]): Promise<R[]>;
}

/** What an organization's tables say about what was done to it. */
export interface Books {
  readonly cases: number;
  readonly entries: number;
  readonly records: number;
  readonly acked: number;
}

/** Cases, their audit entries, and records of an organization, as committed. */
export async function booksOf(onlooker: Onlooker, organization: string): Promise<Books> {
  const [books] = await onlooker.query<Books>(
    `select (select count(*)::integer from cases where organization_id = $1) as cases,
            (select count(*)::integer from audit.entry where organization_id = $1 and case_id is not null) as entries,
            (select count(*)::integer from outbox where organization_id = $1) as records,
            (select count(*)::integer from outbox o join outbox_acks using (digest) where o.organization_id = $1) as acked`,
    [organization],
  );
  return books!;
}

/**
 * Compares case, audit entry and record of everything that was done to an organization: each case has exactly one
 * entry that says so and exactly one record, which carries the digest of that entry.
 *
 * @returns what does not fit
 */
export async function discrepancies(onlooker: Onlooker, organization: string): Promise<string[]> {
  const cases = await onlooker.query<{ id: string }>(
    'select id from cases where organization_id = $1',
    [organization],
  );
  const entries = await onlooker.query<{ case_id: string; bytes: Buffer }>(
    'select case_id, bytes from audit.entry where organization_id = $1 and case_id is not null',
    [organization],
  );
  const records = await onlooker.query<{ case_id: string; value: Buffer }>(
    'select case_id, value from outbox where organization_id = $1',
    [organization],
  );
  const found: string[] = [];
  for (const { id } of cases) {
    const own = entries.filter((entry) => entry.case_id === id);
    const sent = records.filter((record) => record.case_id === id);
    if (own.length !== 1) found.push(`case ${id} has ${own.length} entries`);
    if (sent.length !== 1) found.push(`case ${id} has ${sent.length} records`);
    const digests = own.map(({ bytes }) => createHash('sha256').update(bytes).digest('base64url'));
    const named = sent.map(({ value }) => (JSON.parse(String(value)) as { audit: string }).audit);
    if (digests.join() !== named.join()) found.push(`case ${id}: its record names another entry`);
  }
  const known = new Set(cases.map(({ id }) => id));
  for (const { case_id } of [...entries, ...records])
    if (!known.has(case_id)) found.push(`an entry or record of no case: ${case_id}`);
  return found;
}
