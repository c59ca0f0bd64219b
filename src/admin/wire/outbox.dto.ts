import { id, object, oneOf, orNull, text, time, whole } from './schema.js';

export const refusedRecordSchema = object({
  digest: text,
  org: orNull(id),
  case: id,
  partition: whole,
  refusal: text,
  refused_at: time,
  retried_at: orNull(time),
  state: oneOf(['set_aside', 'queued']),
});
