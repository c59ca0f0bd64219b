import { id, listOf, object, oneOf, orNull, text, time, whole } from './schema.js';
import { Text } from './text.decorator.js';

export class NewGatewayBody {
  @Text(100)
  readonly name!: string;
}

export const newGatewaySchema = object({ id, key: text });

export const gatewaySchema = object({
  id,
  name: text,
  created_at: time,
  processes: listOf(
    object({
      boot: id,
      version: text,
      policy: oneOf(['strict', 'balanced', 'best-effort']),
      state: oneOf(['live', 'silent', 'gone']),
      behind: { type: 'boolean' },
      first_seen_at: time,
      last_seen_at: time,
      lease_until: time,
      gone_at: orNull(time),
      view_age_ms: orNull(whole),
    }),
  ),
});
