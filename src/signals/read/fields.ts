/** Names of people in our store: an index takes up to some 2,700 bytes, and UTF-8 needs up to 4 per character. */
const MAX_NAME = 512;
/** How far the sender's clock may be ahead of ours, milliseconds; as wide as Standard Webhooks allows. */
const MAX_AHEAD_MS = 5 * 60_000;

const KEY = /^[\x21-\x7e]{1,256}$/;
const EVENT_TYPE = /^[A-Za-z0-9_.-]{1,128}$/;
const UNSTORABLE = /\0|\p{Surrogate}/u;
/** RFC 3339 §5.6, with a zone: a local time would be a guess. */
const TIME = /^(?!0000)\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(?:\.\d{1,9})?(?:Z|[+-]\d{2}:\d{2})$/;

/** The object's own member; undefined for anything else, so that `constructor` and the like are no members. */
export const member = (value: unknown, name: string): unknown =>
  typeof value === 'object' && value !== null && Object.hasOwn(value, name)
    ? (value as Readonly<Record<string, unknown>>)[name]
    : undefined;

/** A sender's key of an event or delivery: printable ASCII without spaces. */
export const readKey = (value: unknown): string | null =>
  typeof value === 'string' && KEY.test(value) ? value : null;

export const readEventType = (value: unknown): string | null =>
  typeof value === 'string' && EVENT_TYPE.test(value) ? value : null;

/** A name that can be stored and looked up, exactly as it was sent. */
export const readName = (value: unknown): string | null =>
  typeof value === 'string' &&
  value.length <= MAX_NAME &&
  value.trim() !== '' &&
  !UNSTORABLE.test(value)
    ? value
    : null;

/** A user name or an address: whatever its case, it is kept and compared in lower case. */
export const readCaseless = (value: unknown): string | null =>
  readName(value)?.toLowerCase() ?? null;

/** A time that may be compared with others; null when it is none, or too far in the future to be true. */
export function readTime(value: unknown, receivedAt: Date): Date | null {
  if (typeof value !== 'string' || !TIME.test(value)) return null;
  const ms = Date.parse(value);
  return ms <= receivedAt.getTime() + MAX_AHEAD_MS ? new Date(ms) : null;
}
