import { Controller, Get, Header, Inject } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import type { Jwks } from '../contract/lease.js';
import { Refuses } from '../platform/http/refuses.decorator.js';
import { RecordKeys } from '../platform/crypto/key-ring.js';
import { JwksView } from './lease.dto.js';

/**
 * The keys that verify what the topics carry, for whoever reads them without being a gateway: announced and leaving ones among
 * them, withdrawn ones not. From our own settings alone: they are there while everything else is away.
 */
@ApiTags('keys')
@Controller('.well-known')
export class RecordKeysController {
  readonly #keys: Jwks;

  constructor(@Inject(RecordKeys) keys: RecordKeys) {
    this.#keys = keys.publicJwks;
  }

  // A key is announced long before it signs, so that five minutes of age hide nothing.
  @Get('offswitch-record-keys.json')
  @Header('cache-control', 'public, max-age=300')
  @ApiOperation({ summary: 'The keys that verify events, records and watermarks' })
  @ApiOkResponse({ type: JwksView, description: 'A JWK Set (RFC 7517 §5)' })
  @Refuses(500, 503)
  jwks(): Jwks {
    return this.#keys;
  }
}
