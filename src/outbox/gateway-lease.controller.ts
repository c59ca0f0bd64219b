import { Body, Controller, Inject, Put, Req, UseGuards } from '@nestjs/common';
import { ApiOkResponse } from '@nestjs/swagger';
import type { FastifyRequest } from 'fastify';
import { ServiceConfig } from '../config/service-config.js';
import type { Lease } from '../contract/lease.js';
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
}
