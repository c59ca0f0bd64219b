import { Type } from 'class-transformer';
import { IsDefined, IsIn, IsObject, IsString, Length, ValidateNested } from 'class-validator';
import { ApiProperty } from '@nestjs/swagger';
import { CASE_STATES } from '../../cases/index.js';
import { REVOCABLE } from './revocable.js';
import { id, listOf, object, oneOf, orNull, text, time, whole } from './schema.js';
import { Choice, Flag, Text } from './text.decorator.js';

class RevocationSubject {
  @ApiProperty({ type: String, enum: [...REVOCABLE] })
  @IsIn([...REVOCABLE])
  readonly scope!: (typeof REVOCABLE)[number];

  @ApiProperty({ type: String, format: 'uuid' })
  @IsString()
  @Length(1, 200)
  readonly id!: string;
}

export class RevocationBody {
  @ApiProperty({ type: RevocationSubject })
  @IsDefined()
  @IsObject()
  @ValidateNested()
  @Type(() => RevocationSubject)
  readonly subject!: RevocationSubject;

  @Text(200, { description: 'Kept with the case for good: name a ticket, not a person.' })
  readonly reason!: string;

  @Flag({
    optional: true,
    description:
      'Whether nothing new is issued until somebody lifts the hold. For org, user and device.',
  })
  readonly hold?: boolean | null;

  @Choice(['admin', 'incident'], {
    optional: true,
    description: 'What the case and its hold are called; `admin` unless told.',
  })
  readonly kind?: 'admin' | 'incident' | null;
}

class KidSubject {
  @ApiProperty({ type: String, enum: ['kid'] })
  @IsIn(['kid'])
  readonly scope!: 'kid';

  @ApiProperty({ type: String, minLength: 1, maxLength: 256 })
  @IsString()
  @Length(1, 256)
  readonly id!: string;
}

export class KidRevocationBody {
  @ApiProperty({ type: KidSubject })
  @IsDefined()
  @IsObject()
  @ValidateNested()
  @Type(() => KidSubject)
  readonly subject!: KidSubject;

  @Text(200, { description: 'Kept with the case for good.' })
  readonly reason!: string;
}

/** A client's own name for a request that it may send again. */
export const IDEMPOTENCY_KEY = /^[\x21-\x7e]{1,255}$/;

export const caseSchema = object({
  id,
  org: { type: 'string', description: 'A UUID, or `*` for the installation.' },
  state: oneOf(CASE_STATES),
  subject: {
    ...object({ scope: text, id: text }),
    type: ['object', 'null'],
  },
  user: orNull(id),
  generation: orNull(whole),
  cause: object({
    kind: oneOf(['scim', 'signal', 'group', 'admin', 'incident']),
    connection: orNull(id),
    signal: orNull(id),
    actor: orNull(text),
    reason: orNull(text),
  }),
  counts: object({ devices: whole, tokens: whole }),
  timeline: object({
    received_at: time,
    revoked_at: orNull(time),
    committed_at: orNull(time),
    broker_acked_at: orNull(time),
    first_enforced_at: orNull(time),
    last_enforced_at: orNull(time),
  }),
  records: listOf(object({ digest: text, partition: whole, offset: orNull(whole) })),
  gateways: listOf(
    object({
      id,
      name: text,
      state: oneOf(['applied', 'pending', 'stale']),
      applied_at: orNull(time),
    }),
  ),
});
