import type { Happening } from '../../contract/security-event.js';
import type { ConnectionId } from '../../kernel/ids.js';

/** What others are told on the events topic, as the room that did it hands it over. */
export interface ToldEvent extends Pick<
  Happening,
  'id' | 'resource' | 'identifier' | 'type' | 'events' | 'txn'
> {
  /** Whose events keep their order. */
  readonly subject: string;
  /** Null where no connection has asked. */
  readonly connection: ConnectionId | null;
}
