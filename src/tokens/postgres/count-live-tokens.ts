import type { OrganizationId } from '../../kernel/ids.js';
import type { Tx } from '../../kernel/tx.js';
import { rows, sql } from '../../platform/postgres/rows.js';

export interface LiveTokensRow {
  readonly user_id: string | null;
  readonly device_id: string;
  readonly live: number;
}

// The generations decide, as they do wherever a token is used; the columns on its own row only report.
const live = `
    from device_tokens t
    join subject_generations o on o.organization_id = t.organization_id and o.scope = 'org' and o.subject_id = t.organization_id
    join subject_generations d on d.organization_id = t.organization_id and d.scope = 'device' and d.subject_id = t.device_id
    join subject_generations f on f.organization_id = t.organization_id and f.scope = 'family' and f.subject_id = t.id
    left join subject_generations u on u.organization_id = t.organization_id and u.scope = 'user' and u.subject_id = t.user_id
   where t.organization_id = $1
     and t.gen_o >= o.generation and t.gen_d >= d.generation and t.gen_f >= f.generation
     and (t.user_id is null or t.gen_u >= u.generation)
     and t.expires_at > clock_timestamp()
     and (t.redeemed_at is not null or t.bootstrap_expires_at > clock_timestamp())`;

const ofUsers = sql(
  'tokens.live_tokens_of_users',
  `select t.user_id, t.device_id, count(*)::integer as live ${live} and t.user_id = any($2::uuid[])
    group by t.user_id, t.device_id`,
);

const ofDevices = sql(
  'tokens.live_tokens_of_devices',
  `select t.user_id, t.device_id, count(*)::integer as live ${live} and t.device_id = any($2::uuid[])
    group by t.user_id, t.device_id`,
);

/** Per pair of user and device; pairs without a live token are missing. */
export const countLiveTokens = (
  tx: Tx,
  organization: OrganizationId,
  scope: 'user' | 'device',
  ids: readonly string[],
): Promise<LiveTokensRow[]> =>
  rows(tx, scope === 'user' ? ofUsers : ofDevices, [organization, ids]);
