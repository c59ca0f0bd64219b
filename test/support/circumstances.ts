import type { Circumstances } from '../../src/deprovision/domain/plan.js';
import { newId, type ConnectionId, type OrganizationId } from '../../src/kernel/ids.js';

/** So many minutes after the beginning of the year in which plans are tried. */
export const minute = (at: number): Date => new Date(Date.UTC(2026, 0, 1, 0, at));

/** A request over this connection, which came and is carried out in this minute. */
export const around = (connection: ConnectionId, at: number, epoch = 1): Circumstances => ({
  origin: {
    organization: newId<OrganizationId>(),
    connection,
    requestId: 'a-request',
    receivedAt: minute(at),
  },
  at: minute(at),
  epoch,
  makeId: newId,
});
