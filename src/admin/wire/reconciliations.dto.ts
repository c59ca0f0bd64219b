import { ApiPropertyOptional } from '@nestjs/swagger';
import { IsIn, IsOptional, Matches } from 'class-validator';
import type { Finding, Reconciliation } from '../reconciliation/reconciliation.js';
import { flag, id, object, orNull, text, time, whole } from './schema.js';

const TRUTH = ['true', 'false'];

/** A roster of which more is missing than this is more likely a wrong one, per cent. */
export const MAX_SHARE_DEFAULT = 20;

export class ReconcileQuery {
  @ApiPropertyOptional({
    enum: TRUTH,
    description: '`true`: whoever holds live tokens and is not on the roster is revoked.',
  })
  @IsOptional()
  @IsIn(TRUTH)
  readonly apply?: string;

  @ApiPropertyOptional({
    enum: TRUTH,
    description: '`true`: and held (`admin`): nothing is issued to them until somebody lifts it.',
  })
  @IsOptional()
  @IsIn(TRUTH)
  readonly hold?: string;

  @ApiPropertyOptional({
    type: 'integer',
    minimum: 0,
    maximum: 100,
    default: MAX_SHARE_DEFAULT,
    description: 'Of the active people of the connection, per cent: if more would go, nobody does.',
  })
  @IsOptional()
  @Matches(/^(\d|[1-9]\d|100)$/, { message: '$property must be a whole number from 0 to 100' })
  readonly max_share?: string;
}

export const reconciliationSchema = object({
  id,
  org: id,
  connection: id,
  created_at: time,
  roster: object({ rows: whole, present: whole, unreadable: whole, digest: text }),
  people: whole,
  missing: whole,
  with_live_tokens: whole,
  revoked: whole,
  applied_at: orNull(time),
});

export const reconciliationView = (made: Reconciliation) => ({
  id: made.id,
  org: made.organization,
  connection: made.connection,
  created_at: made.createdAt.toISOString(),
  roster: {
    rows: made.rows,
    present: made.present,
    unreadable: made.unreadable,
    digest: made.digest,
  },
  people: made.people,
  missing: made.missing,
  with_live_tokens: made.withLiveTokens,
  revoked: made.revoked,
  applied_at: made.appliedAt?.toISOString() ?? null,
});

export const findingSchema = object({
  user: id,
  active: flag,
  live_tokens: whole,
  case: orNull(id),
});

export const findingView = (finding: Finding) => ({
  user: finding.user,
  active: finding.isActive,
  live_tokens: finding.liveTokens,
  case: finding.case,
});
