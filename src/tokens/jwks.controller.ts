import { Controller, Get, Header } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import type { Jwks } from '../contract/lease.js';
import { Refuses } from '../platform/http/refuses.decorator.js';
import { PublishedKeys } from './published-keys.js';

/** The keys that verify access tokens (RFC 7517 §5): announced and leaving ones among them, revoked ones not. */
@ApiTags('keys')
@Controller('.well-known')
export class JwksController {
  readonly #keys: PublishedKeys;

  constructor(keys: PublishedKeys) {
    this.#keys = keys;
  }

  // A key is announced long before it signs, so that five minutes of age hide nothing.
  @Get('jwks.json')
  @Header('cache-control', 'public, max-age=300')
  @ApiOperation({ summary: 'The keys that verify access tokens' })
  @ApiOkResponse({
    description: 'A JWK Set (RFC 7517 §5)',
    schema: {
      type: 'object',
      properties: { keys: { type: 'array', items: { type: 'object' } } },
      required: ['keys'],
    },
  })
  @Refuses(500, 503)
  jwks(): Promise<Jwks> {
    return this.#keys.jwks();
  }
}
