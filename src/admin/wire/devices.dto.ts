import type { Device } from '../../directory/index.js';
import type { SubjectReport } from '../../tokens/index.js';
import { id, listOf, object, orNull, text, time, whole } from './schema.js';
import { Text } from './text.decorator.js';
import { holdSchema, holdsView } from './users.dto.js';

export class NewDeviceBody {
  @Text(256, { description: "The client's own string, unique in the organization." })
  readonly device_id!: string;

  @Text(200, { optional: true })
  readonly name?: string | null;
}

export const deviceSchema = object({
  id,
  org: id,
  device_id: text,
  name: orNull(text),
  generation: whole,
  holds: listOf(holdSchema),
  live_tokens: whole,
  users: listOf(object({ id, assigned_at: time, live_tokens: whole })),
  created_at: time,
});

export const deviceView = (organization: string, device: Device, report: SubjectReport) => ({
  id: device.id,
  org: organization,
  device_id: device.deviceId,
  name: device.name,
  generation: report.generation,
  holds: holdsView(report.holds),
  live_tokens: report.liveTokens,
  users: device.owners.map(({ user, assignedAt }) => ({
    id: user,
    assigned_at: assignedAt.toISOString(),
    live_tokens: report.liveTokensBy.get(user) ?? 0,
  })),
  created_at: device.createdAt.toISOString(),
});
