import { Controller, Get, Header, HttpCode, Post, Req } from '@nestjs/common';
import { RouteConfig } from '@nestjs/platform-fastify';
import { ApiBody, ApiConsumes, ApiOperation, ApiResponse, ApiTags } from '@nestjs/swagger';
import type { FastifyRequest } from 'fastify';
import { ServiceConfig } from '../../config/service-config.js';
import { CLIENT_ALGORITHMS, ConnectionTokens } from '../../directory/index.js';
import { Installation } from '../../platform/installation/installation.js';
import { originOf } from '../../platform/http/origin.js';
import { Refuses } from '../../platform/http/refuses.decorator.js';
import { readTokenRequest } from '../read/token-request.js';

const TOKEN_PATH = '/oauth2/token';
/** Anybody may knock: an assertion takes 2 KB. */
const FORM_BYTES = 16_384;

const error = {
  'application/json': {
    schema: {
      type: 'object',
      properties: { error: { type: 'string' }, error_description: { type: 'string' } },
      required: ['error', 'error_description'],
    },
  },
};
const refuses = (status: number, description: string): MethodDecorator =>
  ApiResponse({ status, description, content: error });

/** Where SCIM clients fetch short-lived tokens (RFC 6749 §4.4), and where that is said (RFC 8414). */
@ApiTags('scim')
@Controller()
export class TokenController {
  readonly #tokens: ConnectionTokens;
  readonly #installation: Installation;
  readonly #config: ServiceConfig;

  constructor(tokens: ConnectionTokens, installation: Installation, config: ServiceConfig) {
    this.#tokens = tokens;
    this.#installation = installation;
    this.#config = config;
  }

  @Post(TOKEN_PATH)
  @HttpCode(200)
  @RouteConfig({ unparsed: true, bodyLimitBytes: FORM_BYTES })
  @ApiOperation({
    summary: 'Fetch a token of a SCIM connection, by its secret or a signed assertion',
  })
  @ApiConsumes('application/x-www-form-urlencoded')
  @ApiBody({
    required: true,
    schema: {
      type: 'object',
      properties: {
        grant_type: { type: 'string', enum: ['client_credentials'] },
        scope: { type: 'string', enum: ['scim'] },
        client_assertion_type: { type: 'string' },
        client_assertion: { type: 'string' },
      },
      required: ['grant_type'],
    },
  })
  @ApiResponse({
    status: 200,
    description: 'A token, good for ten minutes.',
    content: {
      'application/json': {
        schema: {
          type: 'object',
          properties: {
            access_token: { type: 'string' },
            token_type: { type: 'string', enum: ['Bearer'] },
            expires_in: { type: 'integer' },
            scope: { type: 'string', enum: ['scim'] },
          },
          required: ['access_token', 'token_type', 'expires_in', 'scope'],
          additionalProperties: false,
        },
      },
    },
  })
  @refuses(400, 'The form says something else than it must.')
  @refuses(401, 'This is no client of ours.')
  @refuses(413, 'The body is too large.')
  @refuses(415, 'The body is no form.')
  @refuses(429, 'Too many tokens: keep the one you have.')
  @refuses(500, 'A fault of the service.')
  @refuses(503, 'Not now.')
  async issue(@Req() request: FastifyRequest) {
    const { headers, rawBody: body } = request;
    const proof = readTokenRequest({
      contentType: headers['content-type'],
      authorization: headers.authorization,
      body,
    });
    const { token, expiresInS } = await this.#tokens.issue(proof, {
      from: request.ip,
      requestId: request.id,
      audiences: this.#audiences(),
    });
    return {
      access_token: token.reveal(),
      token_type: 'Bearer',
      expires_in: expiresInS,
      scope: 'scim',
    };
  }

  @Get('.well-known/oauth-authorization-server')
  @Header('cache-control', 'public, max-age=300')
  @ApiOperation({ summary: 'Where and how SCIM clients fetch tokens (RFC 8414)' })
  @ApiResponse({
    status: 200,
    description: 'Metadata of the authorization server.',
    content: { 'application/json': { schema: { type: 'object' } } },
  })
  @Refuses(500, 503)
  metadata(@Req() request: FastifyRequest) {
    const issuer = originOf(this.#config, request);
    return {
      issuer,
      token_endpoint: `${issuer}${TOKEN_PATH}`,
      grant_types_supported: ['client_credentials'],
      response_types_supported: [],
      scopes_supported: ['scim'],
      token_endpoint_auth_methods_supported: ['client_secret_basic', 'private_key_jwt'],
      token_endpoint_auth_signing_alg_values_supported: CLIENT_ALGORITHMS,
    };
  }

  /** Never by what the request calls us: an assertion for somebody else's server must not be good here. */
  #audiences(): readonly string[] {
    const { publicUrl } = this.#config;
    const own = publicUrl?.replace(/\/+$/, '');
    return [this.#installation.issuer, ...(own === undefined ? [] : [own, `${own}${TOKEN_PATH}`])];
  }
}
