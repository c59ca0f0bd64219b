import type { Person } from '../../directory/index.js';
import type { ReportedHold, SubjectReport } from '../../tokens/index.js';
import { id, listOf, object, orNull, text, time, whole } from './schema.js';

export const holdSchema = object({ name: text, set_at: time, event_at: time, case: orNull(id) });

export const userSchema = object({
  id,
  org: id,
  active: {
    type: 'boolean',
    description: 'Whether a connection says so. Holds count all the same.',
  },
  generation: whole,
  holds: listOf(holdSchema),
  live_tokens: whole,
  resources: listOf(
    object({
      id,
      connection: id,
      user_name: text,
      external_id: orNull(text),
      emails: listOf(text),
      active: { type: 'boolean' },
      changed_at: time,
    }),
  ),
  devices: listOf(
    object({ id, device_id: text, name: orNull(text), assigned_at: time, live_tokens: whole }),
  ),
  created_at: time,
});

export const holdsView = (holds: readonly ReportedHold[]) =>
  holds.map((hold) => ({
    name: hold.name,
    set_at: hold.setAt.toISOString(),
    event_at: hold.eventAt.toISOString(),
    case: hold.case,
  }));

export const userView = (organization: string, person: Person, report: SubjectReport) => ({
  id: person.id,
  org: organization,
  active: person.resources.some(({ active }) => active),
  generation: report.generation,
  holds: holdsView(report.holds),
  live_tokens: report.liveTokens,
  resources: person.resources.map((resource) => ({
    id: resource.id,
    connection: resource.connection,
    user_name: resource.userName,
    external_id: resource.externalId,
    emails: resource.emails,
    active: resource.active,
    changed_at: resource.changedAt.toISOString(),
  })),
  devices: person.devices.map((device) => ({
    id: device.id,
    device_id: device.deviceId,
    name: device.name,
    assigned_at: device.assignedAt.toISOString(),
    live_tokens: report.liveTokensBy.get(device.id) ?? 0,
  })),
  created_at: person.createdAt.toISOString(),
});
