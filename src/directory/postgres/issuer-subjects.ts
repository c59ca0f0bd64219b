import type { OrganizationId, UserId } from '../../kernel/ids.js';
import type { Tx } from '../../kernel/tx.js';
import { rows, sql } from '../../platform/postgres/rows.js';
import type { IssuerSubject, IssuerSubjectId, NewIssuerSubject } from '../issuer-subjects.js';

const lock = sql(
  'directory.lock-issuer-subject',
  `select lock_issuer_subject($1, $2, $3 || chr(10) || $4) as before`,
);

/** The person and the name, locked; null when there is no such person. */
export async function lockIssuerSubject(
  tx: Tx,
  { organization, user, issuer, sub }: NewIssuerSubject,
): Promise<{ readonly taken: boolean } | null> {
  const [row] = await rows<{ readonly before: { readonly taken: boolean } | null }>(tx, lock, [
    organization,
    user,
    issuer,
    sub,
  ]);
  return row?.before ?? null;
}

const insert = sql(
  'directory.insert-issuer-subject',
  `insert into issuer_subjects (id, organization_id, user_id, issuer, sub, created_at)
   values ($1, $2, $3, $4, $5, clock_timestamp())
   on conflict do nothing
   returning created_at`,
);

/** Null when it is there already. */
export async function insertIssuerSubject(
  tx: Tx,
  id: IssuerSubjectId,
  { organization, user, issuer, sub }: NewIssuerSubject,
): Promise<Date | null> {
  const values = [id, organization, user, issuer, sub];
  const [row] = await rows<{ readonly created_at: Date }>(tx, insert, values);
  return row?.created_at ?? null;
}

const list = sql(
  'directory.list-issuer-subjects',
  `select id, issuer, sub, created_at from issuer_subjects
    where organization_id = $1 and user_id = $2 and ended_at is null order by id`,
);

interface SubjectRow {
  readonly id: IssuerSubjectId;
  readonly issuer: string;
  readonly sub: string;
  readonly created_at: Date;
}

export async function listIssuerSubjects(
  tx: Tx,
  organization: OrganizationId,
  user: UserId,
): Promise<IssuerSubject[]> {
  const found = await rows<SubjectRow>(tx, list, [organization, user]);
  return found.map(({ id, issuer, sub, created_at }) => ({
    ...{ id, issuer, sub },
    createdAt: created_at,
  }));
}

const end = sql(
  'directory.end-issuer-subject',
  `update issuer_subjects set ended_at = clock_timestamp()
    where organization_id = $1 and user_id = $2 and id = $3 and ended_at is null
   returning issuer, ended_at`,
);

/** Null when there is none. */
export async function endIssuerSubject(
  tx: Tx,
  organization: OrganizationId,
  user: UserId,
  id: IssuerSubjectId,
): Promise<{ readonly issuer: string; readonly ended_at: Date } | null> {
  const [row] = await rows<{ readonly issuer: string; readonly ended_at: Date }>(tx, end, [
    organization,
    user,
    id,
  ]);
  return row ?? null;
}
