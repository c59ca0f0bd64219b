import {
  Body,
  Controller,
  Delete,
  HttpCode,
  Inject,
  Param,
  Put,
  Req,
  UseGuards,
} from '@nestjs/common';
import { ApiNoContentResponse, ApiOkResponse, ApiParam } from '@nestjs/swagger';
import type { FastifyRequest } from 'fastify';
import { ServiceConfig } from '../config/service-config.js';
import type { Lease } from '../contract/lease.js';
import { DomainError } from '../kernel/domain-error.js';
import { readId } from '../kernel/ids.js';
import { GatewayDoor } from './gateway-door.decorator.js';
import { callingGateway, GatewayKeyGuard } from './gateway-key.guard.js';
import { GatewayLeases } from './gateway-leases.js';
import { LeaseBody, LeaseView } from './lease.dto.js';

@Controller('v1/gateways/self')
@UseGuards(GatewayKeyGuard)
export class GatewayLeaseController {
  readonly #leases: GatewayLeases;
  readonly #publicUrl: string | null;

  constructor(
    @Inject(GatewayLeases) leases: GatewayLeases,
    @Inject(ServiceConfig) config: ServiceConfig,
  ) {
    this.#leases = leases;
    this.#publicUrl = config.publicUrl;
  }

  @Put('lease')
  @GatewayDoor('Take or renew the lease of one gateway process', 400, 413, 415)
  @ApiOkResponse({ type: LeaseView })
  renew(@Body() body: LeaseBody, @Req() request: FastifyRequest): Promise<Lease> {
    return this.#leases.renew(callingGateway.get(request), body, {
      // The way that the gateway took to us leads to the keys too.
      place: this.#publicUrl ?? `${request.protocol}://${request.host}`,
      requestId: request.id,
    });
  }

  @Delete('lease/:boot')
  @HttpCode(204)
  @GatewayDoor('Say that a process has ended: it counts for no case from now on', 404)
  @ApiParam({ name: 'boot', type: String, format: 'uuid' })
  @ApiNoContentResponse({ description: 'Done.' })
  async end(@Param('boot') boot: string, @Req() request: FastifyRequest): Promise<void> {
    const id = readId(boot);
    if (id === null) throw new DomainError('gateway.process_unknown');
    await this.#leases.end(callingGateway.get(request), id, request.id);
  }
}
