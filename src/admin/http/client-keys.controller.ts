import { Body, Controller, Param, Put, UseGuards } from '@nestjs/common';
import { ApiParam, ApiTags } from '@nestjs/swagger';
import { ConnectionTokens } from '../../directory/index.js';
import type { ConnectionId, OrganizationId } from '../../kernel/ids.js';
import { ClientKeysBody, clientKeysView } from '../wire/client-keys.dto.js';
import { AdminGuard } from './admin.guard.js';
import { Takes } from './answers.decorator.js';
import { Caller, type Calling } from './caller.decorator.js';
import { ORG, orUnknown } from './id.pipe.js';
import { Needs } from './needs.decorator.js';

@ApiTags('connections')
@ApiParam({ name: 'org', type: String, format: 'uuid' })
@ApiParam({ name: 'connection', type: String, format: 'uuid' })
@UseGuards(AdminGuard)
@Controller('v1/organizations/:org/connections/:connection/client-keys')
export class ClientKeysController {
  readonly #tokens: ConnectionTokens;

  constructor(tokens: ConnectionTokens) {
    this.#tokens = tokens;
  }

  @Put()
  @Needs('own')
  @Takes('These keys prove a SCIM client from now on, and no others', 200, 'ClientKeys')
  async set(
    @Param('org', ORG) organization: OrganizationId,
    @Param('connection', orUnknown('connection.unknown')) id: ConnectionId,
    @Body() { keys }: ClientKeysBody,
    @Caller() { asking }: Calling,
  ) {
    return clientKeysView(await this.#tokens.setKeys({ organization, id }, keys, asking));
  }
}
