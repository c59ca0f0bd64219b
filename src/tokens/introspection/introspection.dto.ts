import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import type { Generations } from '../../contract/access-token.js';
import { POLICIES, type Policy } from '../../contract/lease.js';

export class IntrospectionForm {
  @ApiProperty({ description: 'The access token.' })
  readonly token!: string;

  @ApiPropertyOptional({ description: 'Ignored: there is one type.' })
  readonly token_type_hint?: string;
}

/** RFC 7662 §2.2; an inactive token gets no other member than `active`. */
export class IntrospectionView {
  @ApiProperty({ description: 'Whether a gateway may accept the token now.' })
  readonly active!: boolean;

  @ApiPropertyOptional({ enum: ['Bearer'] })
  readonly token_type?: 'Bearer';

  @ApiPropertyOptional()
  readonly iss?: string;

  @ApiPropertyOptional()
  readonly aud?: string;

  @ApiPropertyOptional({ format: 'uuid', description: 'The user, or the device without an owner.' })
  readonly sub?: string;

  @ApiPropertyOptional({ format: 'uuid' })
  readonly client_id?: string;

  @ApiPropertyOptional({ format: 'uuid', description: 'The device.' })
  readonly did?: string;

  @ApiPropertyOptional({ format: 'uuid', description: 'The organization.' })
  readonly org?: string;

  @ApiPropertyOptional({ format: 'uuid', description: 'The device token that it comes from.' })
  readonly fam?: string;

  @ApiPropertyOptional()
  readonly jti?: string;

  @ApiPropertyOptional({ type: 'integer' })
  readonly iat?: number;

  @ApiPropertyOptional({ type: 'integer' })
  readonly exp?: number;

  @ApiPropertyOptional()
  readonly scope?: string;

  @ApiPropertyOptional({
    type: 'object',
    properties: Object.fromEntries(['o', 'u', 'd', 'f'].map((name) => [name, { type: 'integer' }])),
    description: 'The generations at issue.',
  })
  readonly gen?: Generations;

  @ApiPropertyOptional({ enum: POLICIES, description: 'The least that the organization asks for.' })
  readonly pol?: Policy;
}

/** RFC 6749 §5.2. */
export class OAuthErrorView {
  @ApiProperty({
    enum: ['invalid_request', 'invalid_client', 'temporarily_unavailable', 'server_error'],
  })
  readonly error!: string;

  @ApiProperty({ description: 'Our stable code, and what it is about.' })
  readonly error_description!: string;
}
