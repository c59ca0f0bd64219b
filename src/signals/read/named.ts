import type { Reading } from './reading.js';

/** So many events of a delivery are shown. */
const MOST_EVENTS = 20;

/**
 * What a delivery said, without anybody's name: of each event what it does, and by which kinds of names it speaks of
 * whom. Event types that mean nothing here are the sender's own words and are not shown.
 */
export function namedIn(readings: readonly Reading[]): Readonly<Record<string, unknown>> {
  const events = readings.slice(0, MOST_EVENTS).map(eventIn);
  const more = readings.length - events.length;
  return { events, ...(more > 0 ? { more } : {}) };
}

function eventIn(reading: Reading): Readonly<Record<string, unknown>> {
  if (reading.kind === 'refused') return { refused: reading.code, why: reading.why };
  const { effect, eventType, class: of, subject } = reading.signal;
  if (effect === 'none') return { effect };
  return {
    event: eventType,
    effect,
    // What stands behind the colon is the sender's.
    class: of.split(':', 1)[0],
    by: [...new Set(subject.map(({ kind }) => kind))],
  };
}
