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
import { POLICIES, type LeaseRequest, type Policy, type PublicJwk } from '../contract/lease.js';

class PublicKeyBody implements PublicJwk {
  @Equals('OKP', { message: 'must be OKP' })
  kty!: 'OKP';

  @Equals('Ed25519', { message: 'must be Ed25519' })
  crv!: 'Ed25519';

  @Matches(/^[A-Za-z0-9_-]{43}$/, { message: 'must be 32 bytes in base64url' })
  x!: string;

  @Matches(/^[\x21-\x7e]{1,256}$/, { message: 'must be 1 to 256 printable characters' })
  kid!: string;

  @IsOptional()
  @Equals('EdDSA', { message: 'must be EdDSA' })
  alg?: 'EdDSA';

  @IsOptional()
  @Equals('sig', { message: 'must be sig' })
  use?: 'sig';
}

export class LeaseBody implements LeaseRequest {
  @IsUUID(undefined, { message: 'must be a UUID' })
  boot!: string;

  @Length(1, 100)
  version!: string;

  @IsIn(POLICIES)
  policy!: Policy;

  // Nested validation alone lets a list of none pass.
  @IsObject({ message: 'must be an object' })
  @ValidateNested()
  @Type(() => PublicKeyBody)
  public_key!: PublicKeyBody;
}
