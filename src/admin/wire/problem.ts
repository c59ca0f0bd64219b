import { object, text, whole, id } from './schema.js';

/** RFC 9457, with a code that stays. */
export const problemSchema = object({
  type: text,
  title: text,
  status: whole,
  detail: text,
  code: text,
  request_id: id,
});
