import type { AccessTokenClaims } from '../../contract/access-token.js';
import type { GenerationScope } from '../../contract/revocation-record.js';
import type { Tx } from '../../kernel/tx.js';
import { rows, sql } from '../../platform/postgres/rows.js';

const statement = sql(
  'tokens.read_minimums',
  `select clock_timestamp() as at,
          exists (select 1 from revoked_kids where kid = $1) as is_kid_revoked,
          (select jsonb_object_agg(g.scope, g.generation) from subject_generations g
            where g.organization_id = $2
              and (g.scope, g.subject_id) in (('org', $2), ('user', $3), ('device', $4), ('family', $5))) as generations`,
);

interface MinimumsRow {
  readonly at: Date;
  readonly is_kid_revoked: boolean;
  readonly generations: Partial<Record<GenerationScope, number>> | null;
}

/** What a gateway with perfect knowledge would hold against a token. */
export interface Minimums {
  /** The primary's clock. */
  readonly at: Date;
  readonly isKidRevoked: boolean;
  /** A subject without a row refuses: it is Infinity. */
  readonly least: (scope: GenerationScope) => number;
}

/** The generations of the token's four subjects, in the organization that it names. */
export async function readMinimums(
  tx: Tx,
  kid: string,
  { org, sub, did, fam }: AccessTokenClaims,
): Promise<Minimums> {
  const [row] = await rows<MinimumsRow>(tx, statement, [kid, org, sub, did, fam]);
  if (row === undefined) throw new TypeError('the generations answered nothing');
  return {
    at: row.at,
    isKidRevoked: row.is_kid_revoked,
    least: (scope) => row.generations?.[scope] ?? Infinity,
  };
}
