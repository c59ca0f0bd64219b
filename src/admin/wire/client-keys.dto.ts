import { ApiProperty } from '@nestjs/swagger';
import { ArrayMaxSize, IsArray, IsObject } from 'class-validator';
import { MOST_CLIENT_KEYS, type ClientKey } from '../../directory/index.js';
import { listOf, object, text, time } from './schema.js';

export class ClientKeysBody {
  @ApiProperty({
    type: 'array',
    items: { type: 'object' },
    maxItems: MOST_CLIENT_KEYS,
    description: 'Public keys (RFC 7517): Ed25519, P-256, or RSA of 2048 bits or more.',
  })
  @IsArray()
  @ArrayMaxSize(MOST_CLIENT_KEYS)
  @IsObject({ each: true })
  readonly keys!: readonly object[];
}

export const clientKeysSchema = object({
  keys: listOf(object({ thumbprint: text, created_at: time })),
});

export const clientKeysView = (keys: readonly ClientKey[]) => ({
  keys: keys.map(({ thumbprint, createdAt }) => ({
    thumbprint,
    created_at: createdAt.toISOString(),
  })),
});
