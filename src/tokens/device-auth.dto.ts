import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { Type } from 'class-transformer';
import {
  ArrayMaxSize,
  IsArray,
  IsInt,
  IsObject,
  IsOptional,
  IsString,
  Length,
  Matches,
  Max,
  MaxLength,
  Min,
  Validate,
  ValidateIf,
  ValidateNested,
  ValidatorConstraint,
  type ValidatorConstraintInterface,
} from 'class-validator';
import { ACCESS_TTL_S, MAX_ACCESS_TTL_S } from '../contract/access-token.js';
import { BOOTSTRAP_TTL_S, MAX_BOOTSTRAP_TTL_S } from './domain/lifetimes.js';

/** Longest name that a client may give a device, characters. */
const DEVICE_ID_MAX = 256;
const NAME_MAX = 512;

/** `null` is a value here, and no way to leave a field out. */
const IsGiven = (): PropertyDecorator => ValidateIf((_, value) => value !== undefined);

@ValidatorConstraint({ name: 'exactlyOneName' })
class ExactlyOneName implements ValidatorConstraintInterface {
  validate(value: unknown): boolean {
    return (
      typeof value === 'object' &&
      value !== null &&
      Object.values(value).filter((name) => name !== undefined).length === 1
    );
  }

  defaultMessage(): string {
    return 'user must have exactly one of id, external_id, user_name';
  }
}

/** One person, by one name. */
export class UserName {
  @ApiPropertyOptional({ description: 'Our id, or a SCIM id.' })
  @IsGiven()
  @IsString()
  @Length(1, NAME_MAX)
  readonly id?: string;

  @ApiPropertyOptional({ description: "The identity provider's id; exact." })
  @IsGiven()
  @IsString()
  @Length(1, NAME_MAX)
  readonly external_id?: string;

  @ApiPropertyOptional({ description: 'The user name, whatever its case.' })
  @IsGiven()
  @IsString()
  @Length(1, NAME_MAX)
  readonly user_name?: string;
}

export class BootstrapTokenRequest {
  @ApiProperty({ description: "The client's own string. An unknown one makes the device." })
  @IsString()
  @Length(1, DEVICE_ID_MAX)
  readonly device_id!: string;

  @ApiPropertyOptional({
    minimum: 1,
    maximum: MAX_BOOTSTRAP_TTL_S,
    default: BOOTSTRAP_TTL_S,
    description: 'Seconds.',
  })
  @IsGiven()
  @IsInt()
  @Min(1)
  @Max(MAX_BOOTSTRAP_TTL_S)
  readonly ttl?: number;

  @ApiPropertyOptional({
    description: 'Whose it will be; by default of the one who holds the device.',
  })
  @IsGiven()
  @IsObject()
  @Validate(ExactlyOneName)
  @ValidateNested()
  @Type(() => UserName)
  readonly user?: UserName;
}

export class RedeemBody {
  @ApiPropertyOptional({ description: 'Must be the organization of the token.' })
  @IsGiven()
  @IsString()
  @MaxLength(NAME_MAX)
  readonly org_id?: string;

  @ApiProperty({ description: 'The `device_id` for which the token was issued.' })
  @IsString()
  @Length(1, DEVICE_ID_MAX)
  readonly device_identifier!: string;

  @ApiPropertyOptional({ description: 'The same again, or our id of the device.' })
  @IsGiven()
  @IsString()
  @Length(1, DEVICE_ID_MAX)
  readonly device_id?: string;

  @ApiPropertyOptional({ type: [String], default: ['devices:write'] })
  @IsGiven()
  @IsArray()
  @ArrayMaxSize(32)
  @Matches(/^[\x21\x23-\x5b\x5d-\x7e]{1,64}$/, { each: true }) // RFC 6749 §3.3
  readonly scopes?: string[];

  @ApiPropertyOptional({
    minimum: 1,
    maximum: MAX_ACCESS_TTL_S,
    default: ACCESS_TTL_S,
    description: 'How long each access token of this device lives, seconds.',
  })
  @IsGiven()
  @IsInt()
  @Min(1)
  @Max(MAX_ACCESS_TTL_S)
  readonly access_ttl_seconds?: number;
}

export class RefreshBody {
  @ApiProperty()
  @IsString()
  @Length(1, 256)
  readonly refresh_token!: string;
}

export class RevokeBody extends RefreshBody {
  @ApiPropertyOptional({ description: 'Kept with the case.' })
  @IsOptional()
  @IsString()
  @MaxLength(256)
  readonly reason?: string | null;
}

export class BootstrapTokenView {
  @ApiProperty({ description: 'Opens `bootstrap`, once.' })
  readonly bootstrap_token!: string;

  @ApiProperty({ format: 'date-time' })
  readonly expires_at!: string;
}

export class DeviceTokenView {
  @ApiProperty({ description: 'A JWT, `typ: at+jwt` (RFC 9068).' })
  readonly access_token!: string;

  @ApiProperty({ description: 'Replaced at each refresh.' })
  readonly refresh_token!: string;

  @ApiProperty({ enum: ['Bearer'] })
  readonly token_type!: 'Bearer';

  @ApiProperty({ description: 'Seconds, of the access token.' })
  readonly expires_in!: number;

  @ApiProperty({ format: 'date-time' })
  readonly expires_at!: string;

  @ApiProperty({ format: 'uuid' })
  readonly org_id!: string;

  @ApiProperty()
  readonly device_identifier!: string;

  @ApiProperty({ type: [String] })
  readonly scopes!: readonly string[];
}

/** What a view looks like on the wire: its fields, without its class. */
export type Wire<View> = { readonly [Field in keyof View]: View[Field] };
