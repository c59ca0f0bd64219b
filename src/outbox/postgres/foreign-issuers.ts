import type { Policy } from '../../contract/lease.js';
import type { OrganizationId } from '../../kernel/ids.js';
import type { Tx } from '../../kernel/tx.js';
import { rows, sql, touch } from '../../platform/postgres/rows.js';
import type { IssuerId, NewForeignIssuer, SubjectKind } from '../foreign-issuers.js';

export interface IssuerRow {
  readonly id: IssuerId;
  readonly organization_id: OrganizationId;
  readonly issuer: string;
  readonly audience: string;
  readonly jwks_url: string | null;
  readonly jwks: unknown;
  readonly max_ttl_s: number;
  readonly subject: SubjectKind;
  readonly connection_id: string | null;
  readonly created_at: Date;
  readonly removed_at: Date | null;
  readonly policy: Policy | null;
}

const columns = `f.id, f.organization_id, f.issuer, f.audience, f.jwks_url, f.jwks, f.max_ttl_s, f.subject, f.connection_id,
       f.created_at, f.removed_at, o.policy`;

// For a day after its end: longer no token lives, and no gateway goes by an older lease than its tokens.
const inUse = sql(
  'outbox.issuers-in-use',
  `select ${columns} from foreign_issuers f join organizations o on o.id = f.organization_id
    where f.removed_at is null or f.removed_at > clock_timestamp() - interval '1 day'
    order by f.id`,
);

/** Of every organization, those that were removed within a day too. */
export const issuersInUse = (tx: Tx): Promise<IssuerRow[]> => rows<IssuerRow>(tx, inUse);

const living = sql(
  'outbox.living-issuers',
  `select ${columns} from foreign_issuers f join organizations o on o.id = f.organization_id
    where f.organization_id = $1 and f.removed_at is null order by f.id desc`,
);

export const livingIssuers = (tx: Tx, organization: OrganizationId): Promise<IssuerRow[]> =>
  rows<IssuerRow>(tx, living, [organization]);

const lock = sql(
  'outbox.lock-for-issuer',
  `select pg_advisory_xact_lock(organization_lock($1)), pg_advisory_xact_lock(hashtextextended('foreign issuers', 0))`,
);

const look = sql(
  'outbox.look-for-issuer',
  `select exists (select from organizations where id = $1) as organization,
          $2::uuid is null or exists (select from connections where organization_id = $1 and id = $2) as connection,
          (select count(*)::integer from foreign_issuers where removed_at is null) as living,
          (select issuer from installation) as ours`,
);

export interface Surroundings {
  readonly organization: boolean;
  readonly connection: boolean;
  readonly living: number;
  /** The installation's own issuer. */
  readonly ours: string;
}

/**
 * Nobody leaves meanwhile: who left before has left before the registration, and whoever leaves after it finds it.
 * Locks first, and looks then.
 */
export async function lockForIssuer(
  tx: Tx,
  { organization, connection }: Pick<NewForeignIssuer, 'organization' | 'connection'>,
): Promise<Surroundings> {
  await touch(tx, lock, [organization]);
  const [row] = await rows<Surroundings>(tx, look, [organization, connection]);
  if (row === undefined) throw new TypeError('the look answered nothing');
  return row;
}

const add = sql(
  'outbox.add-issuer',
  `with f as (
     insert into foreign_issuers (id, organization_id, issuer, audience, jwks_url, jwks, max_ttl_s, subject, connection_id, created_at)
     values ($1, $2, $3, $4, $5, $6::jsonb, $7, $8, $9, clock_timestamp())
     on conflict do nothing
     returning *)
   select ${columns} from f join organizations o on o.id = f.organization_id`,
);

/** Null when a living registration has this issuer and audience. */
export async function addIssuer(
  tx: Tx,
  id: IssuerId,
  issuer: NewForeignIssuer,
): Promise<IssuerRow | null> {
  const [row] = await rows<IssuerRow>(tx, add, [
    id,
    issuer.organization,
    issuer.issuer,
    issuer.audience,
    issuer.jwksUrl,
    issuer.jwksUrl === null ? JSON.stringify(issuer.jwks) : null,
    issuer.maxTtlS,
    issuer.subject,
    issuer.connection,
  ]);
  return row ?? null;
}

const end = sql(
  'outbox.remove-issuer',
  `update foreign_issuers set removed_at = clock_timestamp()
    where organization_id = $1 and id = $2 and removed_at is null`,
);

/** @returns false when there is none */
export const removeIssuer = async (
  tx: Tx,
  organization: OrganizationId,
  id: IssuerId,
): Promise<boolean> => (await touch(tx, end, [organization, id])) === 1;
