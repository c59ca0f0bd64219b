import { ACTIONS } from '../../audit/index.js';
import { id, object, oneOf, orNull, text, time } from './schema.js';

const party = object({ type: text, id: text });

/** An audit entry exactly as its stored bytes say it. */
export const eventSchema = object({
  v: { const: 1 },
  id,
  org: id,
  at: time,
  action: oneOf(ACTIONS),
  outcome: oneOf(['success', 'refused', 'failure']),
  actor: party,
  subject: orNull(party),
  case: orNull(id),
  connection: orNull(id),
  request_id: orNull(text),
  detail: { type: 'object' },
  sealed: orNull(object({ key: text, iv: text, ct: text })),
});
