import { ApiPropertyOptional } from '@nestjs/swagger';
import { IsIn, IsOptional } from 'class-validator';
import { POLICIES, type Policy } from '../../contract/lease.js';
import type { Organization } from '../../directory/index.js';
import type { ReportedHold } from '../../tokens/index.js';
import { id, listOf, object, text, time } from './schema.js';
import { Flag, Text } from './text.decorator.js';
import { holdSchema, holdsView } from './users.dto.js';

export class NewOrganization {
  @Text(200)
  readonly name!: string;
}

export class OrganizationChanges {
  @Text(200, { optional: true })
  readonly name?: string | null;

  @Flag({ optional: true, description: 'Whether devices may get tokens that belong to nobody.' })
  readonly allow_ownerless?: boolean | null;

  @ApiPropertyOptional({
    enum: POLICIES,
    nullable: true,
    description:
      'The least strict policy under which gateways accept its tokens; `null` leaves that to them. It is in every ' +
      'token from the next refresh on.',
  })
  @IsOptional()
  @IsIn(POLICIES)
  readonly policy?: Policy | null;
}

export const organizationSchema = object({
  id,
  name: text,
  allow_ownerless: { type: 'boolean' },
  policy: { type: ['string', 'null'], enum: [...POLICIES, null] },
  holds: listOf(holdSchema),
  created_at: time,
});

export const organizationView = (organization: Organization, holds: readonly ReportedHold[]) => ({
  id: organization.id,
  name: organization.name,
  allow_ownerless: organization.allowOwnerless,
  policy: organization.policy,
  holds: holdsView(holds),
  created_at: organization.createdAt.toISOString(),
});
