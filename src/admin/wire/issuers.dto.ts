import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { IsObject, IsOptional, Matches } from 'class-validator';
import { LONGEST_FOREIGN_LIFE_S, SUBJECT_KINDS, type SubjectKind } from '../../outbox/index.js';
import { id, object, oneOf, orNull, text, time, whole, type Schema } from './schema.js';
import { Choice, Uuid, Whole } from './text.decorator.js';

/** An hour: what most issuers give. */
export const LIFE_DEFAULT_S = 3_600;

const VISIBLE = /^[\x21-\x7e]{1,500}$/;
/** Keys come over a wire that nobody can bend; on the machine itself there is none. */
const KEYS_URL =
  /^(?:https:\/\/[^\s@#/?]+|http:\/\/(?:127\.0\.0\.1|localhost|\[::1\])(?::\d{1,5})?)(?:[/?][^\s@#]*)?$/;

export class NewIssuerBody {
  @ApiProperty({ type: String, minLength: 1, maxLength: 500, description: '`iss`, exactly.' })
  @Matches(VISIBLE, { message: '$property must be 1 to 500 visible characters' })
  readonly issuer!: string;

  @ApiProperty({ type: String, minLength: 1, maxLength: 500, description: 'One of `aud`.' })
  @Matches(VISIBLE, { message: '$property must be 1 to 500 visible characters' })
  readonly audience!: string;

  @ApiProperty({
    type: String,
    format: 'uri',
    maxLength: 500,
    required: false,
    nullable: true,
    description: 'Where its keys are: gateways fetch them. This or `jwks`.',
  })
  @IsOptional()
  @Matches(KEYS_URL, { message: '$property must be an https address without a fragment' })
  @Matches(VISIBLE, { message: '$property must be 1 to 500 visible characters' })
  readonly jwks_url?: string | null;

  @ApiPropertyOptional({
    type: 'object',
    additionalProperties: true,
    nullable: true,
    description: 'Its keys themselves (RFC 7517): RS256, PS256, ES256 or Ed25519.',
  })
  @IsOptional()
  @IsObject()
  readonly jwks?: object | null;

  @Whole(
    { min: 60, max: LONGEST_FOREIGN_LIFE_S },
    {
      optional: true,
      description: `Seconds: tokens that live longer are refused. ${LIFE_DEFAULT_S} unless told.`,
    },
  )
  readonly max_ttl_s?: number | null;

  @Choice(SUBJECT_KINDS, { description: 'Which name of a person `sub` is.' })
  readonly subject!: SubjectKind;

  @Uuid({ optional: true, description: 'The connection whose names they are; without it, any.' })
  readonly identities_from?: string | null;
}

const set: Schema = { type: 'object', additionalProperties: true };

export const issuerSchema = object({
  id,
  org: id,
  issuer: text,
  audience: text,
  jwks_url: orNull(text),
  jwks: orNull(set),
  max_ttl_s: whole,
  subject: oneOf(SUBJECT_KINDS),
  identities_from: orNull(id),
  created_at: time,
});
