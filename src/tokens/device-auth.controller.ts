import { Body, Controller, HttpCode, Post, UseGuards } from '@nestjs/common';
import {
  ApiBearerAuth,
  ApiCreatedResponse,
  ApiNoContentResponse,
  ApiOkResponse,
  ApiOperation,
  ApiSecurity,
  ApiTags,
} from '@nestjs/swagger';
import { RouteConfig } from '@nestjs/platform-fastify';
import type { OpenApiKey } from '../api-keys/index.js';
import { ACCESS_TTL_S } from '../contract/access-token.js';
import type { PersonReference } from '../directory/index.js';
import { Mark } from '../platform/http/incoming.decorator.js';
import { Refuses } from '../platform/http/refuses.decorator.js';
import type { RequestMark } from '../platform/http/request.js';
import type { DeviceTokenAnswer } from './access-minter.js';
import { ApiKeyGuard, CallingKey } from './api-key.guard.js';
import { BootstrapTokenGuard, ShownToken } from './bootstrap-token.guard.js';
import { DeviceAuth } from './device-auth.js';
import {
  BootstrapTokenRequest,
  BootstrapTokenView,
  DeviceTokenView,
  RedeemBody,
  RefreshBody,
  RevokeBody,
  type UserName,
  type Wire,
} from './device-auth.dto.js';
import type { ShownSecret } from './device-door.js';
import { DEFAULT_SCOPES } from './domain/device-scopes.js';
import { BOOTSTRAP_TTL_S } from './domain/lifetimes.js';

/** The credential is in the body, which must be read for anybody: so it is small. */
const SECRET_IN_BODY = { bodyLimitBytes: 16_384 };

/** What devices and the backends that enrol them call. Wire-compatible with the API that the product grew from. */
@ApiTags('devices')
@Controller('api/v1/device-auth')
export class DeviceAuthController {
  readonly #deviceAuth: DeviceAuth;

  constructor(deviceAuth: DeviceAuth) {
    this.#deviceAuth = deviceAuth;
  }

  @Post('token')
  @HttpCode(201)
  @UseGuards(ApiKeyGuard)
  @ApiOperation({ summary: 'Get a bootstrap token for a device' })
  @ApiSecurity('api-key')
  @ApiCreatedResponse({ type: BootstrapTokenView })
  @Refuses(400, 401, 403, 404, 409, 413, 415, 500, 503)
  async token(
    @CallingKey() by: OpenApiKey,
    @Body() body: BootstrapTokenRequest,
    @Mark() mark: RequestMark,
  ): Promise<Wire<BootstrapTokenView>> {
    const { token, expiresAt } = await this.#deviceAuth.issue.execute({
      by,
      deviceId: body.device_id,
      ttlS: body.ttl ?? BOOTSTRAP_TTL_S,
      person: referenceOf(body.user),
      mark,
    });
    return { bootstrap_token: token.reveal(), expires_at: expiresAt.toISOString() };
  }

  @Post('bootstrap')
  @UseGuards(BootstrapTokenGuard)
  @HttpCode(201)
  @ApiOperation({ summary: 'Redeem a bootstrap token, once, for a device token' })
  @ApiBearerAuth('bootstrap-token')
  @ApiCreatedResponse({ type: DeviceTokenView })
  @Refuses(400, 401, 403, 413, 415, 500, 503)
  async bootstrap(
    @ShownToken() shown: ShownSecret,
    @Body() body: RedeemBody,
    @Mark() mark: RequestMark,
  ): Promise<Wire<DeviceTokenView>> {
    const answer = await this.#deviceAuth.redeem.execute({
      shown,
      redeemer: {
        deviceIdentifier: body.device_identifier,
        organization: body.org_id ?? null,
        deviceId: body.device_id ?? null,
      },
      scopes: [...new Set(body.scopes ?? DEFAULT_SCOPES)],
      accessTtlS: body.access_ttl_seconds ?? ACCESS_TTL_S,
      mark,
    });
    return viewOf(answer);
  }

  @Post('refresh')
  @RouteConfig(SECRET_IN_BODY)
  @HttpCode(200)
  @ApiOperation({ summary: 'Get a new access token; the refresh token is replaced' })
  @ApiOkResponse({ type: DeviceTokenView })
  @Refuses(400, 401, 403, 413, 415, 500, 503)
  async refresh(
    @Body() body: RefreshBody,
    @Mark() mark: RequestMark,
  ): Promise<Wire<DeviceTokenView>> {
    return viewOf(await this.#deviceAuth.refresh.execute(body.refresh_token, mark));
  }

  @Post('revoke')
  @RouteConfig(SECRET_IN_BODY)
  @HttpCode(204)
  @ApiOperation({ summary: 'Give a device token back' })
  @ApiNoContentResponse()
  @Refuses(400, 401, 413, 415, 500, 503)
  async revoke(@Body() body: RevokeBody, @Mark() mark: RequestMark): Promise<void> {
    await this.#deviceAuth.revoke.execute(body.refresh_token, body.reason ?? null, mark);
  }
}

function referenceOf(user: UserName | undefined): PersonReference | null {
  if (user?.id !== undefined) return { id: user.id };
  if (user?.external_id !== undefined) return { externalId: user.external_id };
  return user?.user_name === undefined ? null : { userName: user.user_name };
}

const viewOf = ({
  accessToken,
  refreshToken,
  claims,
  organization,
  deviceIdentifier,
}: DeviceTokenAnswer): Wire<DeviceTokenView> => ({
  access_token: accessToken,
  refresh_token: refreshToken.reveal(),
  token_type: 'Bearer',
  expires_in: claims.exp - claims.iat,
  expires_at: new Date(claims.exp * 1000).toISOString(),
  org_id: organization,
  device_identifier: deviceIdentifier,
  scopes: claims.scope === '' ? [] : claims.scope.split(' '),
});
