import type { RosterDemand } from '../../deprovision/index.js';
import { id, object, orNull, time, whole } from './schema.js';
import { Text } from './text.decorator.js';

export class ConfirmationBody {
  @Text(200, { description: 'How it was seen. Kept for good: name a ticket, not a person.' })
  readonly reason!: string;
}

export const rosterDemandSchema = object({
  org: id,
  epoch: whole,
  demanded_at: time,
  confirmed_at: orNull(time),
});

export const rosterDemandView = (demand: RosterDemand) => ({
  org: demand.organization,
  epoch: demand.epoch,
  demanded_at: demand.demandedAt.toISOString(),
  confirmed_at: demand.confirmedAt?.toISOString() ?? null,
});
