import {
  Body,
  Controller,
  Delete,
  Get,
  HttpCode,
  Param,
  Post,
  Put,
  Query,
  Res,
  UseGuards,
} from '@nestjs/common';
import { ApiParam, ApiTags } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import { Deprovision } from '../../deprovision/index.js';
import { Devices } from '../../directory/index.js';
import { readId, type DeviceId, type OrganizationId, type UserId } from '../../kernel/ids.js';
import { DeviceAssignments } from '../../tokens/index.js';
import { Subjects } from '../subjects.js';
import { deviceView, NewDeviceBody } from '../wire/devices.dto.js';
import { DevicesQuery } from '../wire/queries.dto.js';
import { AdminGuard } from './admin.guard.js';
import { Does, Lists, Reads, Takes } from './answers.decorator.js';
import { Caller, type Calling } from './caller.decorator.js';
import { liftHold } from './holds.js';
import { ORG, orUnknown } from './id.pipe.js';
import { Needs } from './needs.decorator.js';
import { answerListed, pageOf } from './paging.js';

const DEVICE = orUnknown('device.unknown');
const USER = orUnknown('user.unknown');

@ApiTags('devices')
@ApiParam({ name: 'org', type: String, format: 'uuid' })
@UseGuards(AdminGuard)
@Controller('v1/organizations/:org/devices')
export class DevicesController {
  readonly #devices: Devices;
  readonly #subjects: Subjects;
  readonly #assignments: DeviceAssignments;
  readonly #deprovision: Deprovision;

  constructor(
    devices: Devices,
    subjects: Subjects,
    assignments: DeviceAssignments,
    deprovision: Deprovision,
  ) {
    this.#devices = devices;
    this.#subjects = subjects;
    this.#assignments = assignments;
    this.#deprovision = deprovision;
  }

  @Post()
  @Needs('operate')
  @Takes('Make a device', 201, 'Device', 409)
  async create(
    @Param('org', ORG) organization: OrganizationId,
    @Body() body: NewDeviceBody,
    @Caller() caller: Calling,
  ) {
    const made = await this.#devices.create(
      { organization, deviceId: body.device_id, name: body.name ?? null },
      caller.asking,
    );
    return this.one(organization, made.id);
  }

  @Get()
  @Needs('read')
  @Lists('Devices, newest first', 'Device')
  async list(
    @Param('org', ORG) organization: OrganizationId,
    @Query() query: DevicesQuery,
    @Res({ passthrough: true }) reply: FastifyReply,
  ) {
    const user = readId<UserId>(query.user);
    const filter = {
      ...(query.device_id === undefined ? {} : { deviceId: query.device_id }),
      ...(user === null ? {} : { user }),
    };
    const { items, next } = await this.#subjects.devices(
      organization,
      filter,
      pageOf<DeviceId>(query),
    );
    const views = items.map(({ it, report }) => deviceView(organization, it, report));
    return answerListed({ items: views, next }, (view) => view, reply);
  }

  @Get(':device')
  @Needs('read')
  @ApiParam({ name: 'device', type: String, format: 'uuid' })
  @Reads('One device, with its users, holds and live tokens', 'Device')
  async one(
    @Param('org', ORG) organization: OrganizationId,
    @Param('device', DEVICE) id: DeviceId,
  ) {
    const { it, report } = await this.#subjects.device(organization, id);
    return deviceView(organization, it, report);
  }

  @Put(':device/assignments/:user')
  @HttpCode(204)
  @Needs('operate')
  @ApiParam({ name: 'device', type: String, format: 'uuid' })
  @ApiParam({ name: 'user', type: String, format: 'uuid' })
  @Does('Give the device to one more user. If it was nobody’s, what was issued for it ends')
  async assign(
    @Param('org', ORG) organization: OrganizationId,
    @Param('device', DEVICE) device: DeviceId,
    @Param('user', USER) user: UserId,
    @Caller() caller: Calling,
  ): Promise<void> {
    const asking = { ...caller.asking, receivedAt: caller.receivedAt };
    await this.#assignments.assign({ organization, device, user }, asking);
  }

  @Delete(':device/assignments/:user')
  @HttpCode(204)
  @Needs('operate')
  @ApiParam({ name: 'device', type: String, format: 'uuid' })
  @ApiParam({ name: 'user', type: String, format: 'uuid' })
  @Does('Take the device from a user')
  async unassign(
    @Param('org', ORG) organization: OrganizationId,
    @Param('device', DEVICE) device: DeviceId,
    @Param('user', USER) user: UserId,
    @Caller() caller: Calling,
  ): Promise<void> {
    const asking = { ...caller.asking, receivedAt: caller.receivedAt };
    await this.#assignments.unassign({ organization, device, user }, asking);
  }

  @Delete(':device/holds/:hold')
  @HttpCode(204)
  @Needs('operate')
  @ApiParam({ name: 'device', type: String, format: 'uuid' })
  @ApiParam({ name: 'hold', type: String })
  @Does('Lift one hold by hand')
  async lift(
    @Param('org', ORG) organization: OrganizationId,
    @Param('device', DEVICE) id: DeviceId,
    @Param('hold') name: string,
    @Caller() caller: Calling,
  ): Promise<void> {
    await liftHold(this.#deprovision, organization, { scope: 'device', id, name }, caller);
  }
}
