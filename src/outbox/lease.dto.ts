import { ApiProperty } from '@nestjs/swagger';
import { Type } from 'class-transformer';
import {
  Equals,
  IsIn,
  IsObject,
  IsOptional,
  IsUUID,
  Length,
  Matches,
  ValidateNested,
} from 'class-validator';
import {
  POLICIES,
  type ForeignIssuer,
  type Jwks,
  type Lease,
  type LeaseRequest,
  type Policy,
  type PublicJwk,
} from '../contract/lease.js';

class PublicKeyBody implements PublicJwk {
  @ApiProperty({ type: String, enum: ['OKP'] })
  @Equals('OKP', { message: 'must be OKP' })
  kty!: 'OKP';

  @ApiProperty({ type: String, enum: ['Ed25519'] })
  @Equals('Ed25519', { message: 'must be Ed25519' })
  crv!: 'Ed25519';

  @ApiProperty({ type: String, pattern: '^[A-Za-z0-9_-]{43}$' })
  @Matches(/^[A-Za-z0-9_-]{43}$/, { message: 'must be 32 bytes in base64url' })
  x!: string;

  @ApiProperty({ type: String, minLength: 1, maxLength: 256 })
  @Matches(/^[\x21-\x7e]{1,256}$/, { message: 'must be 1 to 256 printable characters' })
  kid!: string;

  @ApiProperty({ type: String, enum: ['EdDSA'], required: false })
  @IsOptional()
  @Equals('EdDSA', { message: 'must be EdDSA' })
  alg?: 'EdDSA';

  @ApiProperty({ type: String, enum: ['sig'], required: false })
  @IsOptional()
  @Equals('sig', { message: 'must be sig' })
  use?: 'sig';
}

export class LeaseBody implements LeaseRequest {
  @ApiProperty({
    type: String,
    format: 'uuid',
    description: 'The process: a new one at each start.',
  })
  @IsUUID(undefined, { message: 'must be a UUID' })
  boot!: string;

  @ApiProperty({ type: String, minLength: 1, maxLength: 100 })
  @Length(1, 100)
  version!: string;

  @ApiProperty({ type: String, enum: [...POLICIES] })
  @IsIn(POLICIES)
  policy!: Policy;

  @ApiProperty({ type: PublicKeyBody, description: 'Signs the receipts of this process.' })
  // Nested validation alone lets a list of none pass.
  @IsObject({ message: 'must be an object' })
  @ValidateNested()
  @Type(() => PublicKeyBody)
  public_key!: PublicKeyBody;
}

export class JwksView implements Jwks {
  @ApiProperty({ type: [PublicKeyBody] })
  readonly keys!: PublicKeyBody[];
}

class TopicsView {
  @ApiProperty({ type: String })
  readonly revocations!: string;

  @ApiProperty({ type: String })
  readonly events!: string;

  @ApiProperty({ type: String })
  readonly receipts!: string;
}

class KafkaView {
  @ApiProperty({ type: TopicsView })
  readonly topics!: TopicsView;
}

const Whole = (description: string): PropertyDecorator =>
  ApiProperty({ type: 'integer', description });

class ForeignIssuerInLease implements ForeignIssuer {
  @ApiProperty({ type: String, format: 'uuid' })
  readonly id!: string;

  @ApiProperty({ type: String, format: 'uuid' })
  readonly org!: string;

  @ApiProperty({ type: String, description: '`iss`, exactly.' })
  readonly issuer!: string;

  @ApiProperty({ type: String, description: 'One of `aud`.' })
  readonly audience!: string;

  @ApiProperty({ type: String, nullable: true })
  readonly jwks_url!: string | null;

  @ApiProperty({ type: 'object', additionalProperties: true, nullable: true })
  readonly jwks!: object | null;

  @Whole('The longest life of its tokens, seconds.')
  readonly max_ttl_s!: number;

  @Whole('Unix seconds: what was issued then or before is refused.')
  readonly not_before!: number;

  @ApiProperty({ type: Boolean, description: 'Records name the person by `sub` in lower case.' })
  readonly folds_sub!: boolean;

  @ApiProperty({ type: String, enum: [...POLICIES], nullable: true })
  readonly policy!: Policy | null;
}

/** The lease as it is sent. */
export class LeaseView implements Lease {
  @ApiProperty({ type: String, format: 'uuid' })
  readonly id!: string;

  @ApiProperty({ type: String, format: 'date-time', description: 'Renew it every S/3.' })
  readonly lease_until!: string;

  @ApiProperty({ type: String, format: 'uuid' })
  readonly installation!: string;

  @Whole('Messages of a lower one are ignored.')
  readonly epoch!: number;

  @Whole('Partitions of the revocations topic.')
  readonly partitions!: number;

  @ApiProperty({ type: String, description: '`iss` of every access token.' })
  readonly issuer!: string;

  @ApiProperty({ type: String, description: '`aud` of every access token.' })
  readonly audience!: string;

  @ApiProperty({ type: String, format: 'uri' })
  readonly jwks_url!: string;

  @ApiProperty({ type: JwksView, description: 'Sign records, watermarks and parts of the feed.' })
  readonly record_keys!: JwksView;

  @Whole('S: a strict gateway does not decide by an older view.')
  readonly staleness_ms!: number;

  @Whole('Clocks differ by less.')
  readonly max_clock_skew_ms!: number;

  @Whole('The longest life of an access token, seconds.')
  readonly max_ttl_s!: number;

  @Whole('Older records can refuse no living token, seconds.')
  readonly window_s!: number;

  @ApiProperty({ type: [ForeignIssuerInLease], description: 'Whose tokens may be accepted, too.' })
  readonly foreign_issuers!: ForeignIssuerInLease[];

  @ApiProperty({ type: KafkaView })
  readonly kafka!: KafkaView;
}
