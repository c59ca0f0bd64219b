import { ApiPropertyOptional } from '@nestjs/swagger';
import { IsIn, IsOptional, IsString, IsUUID, Length, Matches } from 'class-validator';
import { ACTIONS } from '../../audit/index.js';
import { CASE_STATES, type CaseState } from '../../cases/index.js';
import type { PageAsked } from '../http/paging.js';

/** What every list takes. */
export class PageQuery implements PageAsked {
  @ApiPropertyOptional({ description: 'As the `Link` field of the page before gives it.' })
  @IsOptional()
  @Matches(/^[\w.-]{1,200}$/, { message: '$property is not one that this list gave' })
  readonly cursor?: string;

  @ApiPropertyOptional({ type: 'integer', minimum: 1, maximum: 200, default: 50 })
  @IsOptional()
  @Matches(/^([1-9]\d?|1\d\d|200)$/, { message: '$property must be a whole number from 1 to 200' })
  readonly limit?: string;
}

export class UsersQuery extends PageQuery {
  @ApiPropertyOptional({ description: 'Whatever its case.' })
  @IsOptional()
  @IsString()
  @Length(1, 512)
  readonly user_name?: string;

  @ApiPropertyOptional()
  @IsOptional()
  @IsString()
  @Length(1, 512)
  readonly external_id?: string;

  @ApiPropertyOptional({ description: 'Whatever its case.' })
  @IsOptional()
  @IsString()
  @Length(1, 512)
  readonly email?: string;
}

export class DevicesQuery extends PageQuery {
  @ApiPropertyOptional({ description: "The client's own string." })
  @IsOptional()
  @IsString()
  @Length(1, 512)
  readonly device_id?: string;

  @ApiPropertyOptional({ format: 'uuid', description: 'Who holds it now.' })
  @IsOptional()
  @IsUUID()
  readonly user?: string;
}

export class CasesQuery extends PageQuery {
  @ApiPropertyOptional({ format: 'uuid' })
  @IsOptional()
  @IsUUID()
  readonly user?: string;

  @ApiPropertyOptional({
    enum: [...CASE_STATES],
    description:
      'States are found out when cases are read: a page may then hold fewer items than its limit, and still have a next one.',
  })
  @IsOptional()
  @IsIn([...CASE_STATES])
  readonly state?: CaseState;
}

export class CaseQuery {
  @ApiPropertyOptional({
    enum: ['enforced'],
    description:
      'Answer when the case is no longer `open`, or after 50 s as it is then; `Prefer: wait=…` makes it less.',
  })
  @IsOptional()
  @IsIn(['enforced'])
  readonly wait?: 'enforced';
}

const TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?(Z|[+-]\d\d:\d\d)$/;

export class EventsQuery extends PageQuery {
  @ApiPropertyOptional({ format: 'date-time', description: 'Inclusive.' })
  @IsOptional()
  @Matches(TIME, { message: '$property must be a time as RFC 3339 has it' })
  readonly since?: string;

  @ApiPropertyOptional({ format: 'date-time', description: 'Exclusive.' })
  @IsOptional()
  @Matches(TIME, { message: '$property must be a time as RFC 3339 has it' })
  readonly until?: string;

  @ApiPropertyOptional({ description: 'The id of who did it.' })
  @IsOptional()
  @IsString()
  @Length(1, 200)
  readonly actor?: string;

  @ApiPropertyOptional({ enum: [...ACTIONS] })
  @IsOptional()
  @IsIn([...ACTIONS])
  readonly action?: (typeof ACTIONS)[number];

  @ApiPropertyOptional({ format: 'uuid' })
  @IsOptional()
  @IsUUID()
  readonly case?: string;
}
