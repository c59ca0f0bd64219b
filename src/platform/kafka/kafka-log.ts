import { logLevel, type logCreator } from 'kafkajs';
import type { Log } from '../log/log.js';

/** kafkajs repeats itself with every attempt; one line says the same. */
const SILENCE_MS = 30_000;
const REMEMBERED = 100;

/** What kafkajs says about brokers, without the stacks that it adds to everything. */
const FIELDS = ['broker', 'clientId', 'groupId', 'memberId', 'retryCount', 'error'] as const;

/** What a socket that we cut ourselves says. */
export const CLIENT_CLOSED = 'the client was closed';

/** Writes kafkajs' lines into our log: its errors are warnings here, because whoever asked tries again and says so itself. */
export function kafkaLog(log: Log): logCreator {
  const lastSaid = new Map<string, number>();
  const isNews = (message: string): boolean => {
    const now = Date.now();
    if (now - (lastSaid.get(message) ?? -Infinity) < SILENCE_MS) return false;
    if (lastSaid.size >= REMEMBERED) lastSaid.clear();
    lastSaid.set(message, now);
    return true;
  };
  return () =>
    ({ namespace, level, log: line }) => {
      const fields = {
        kafkajs: namespace,
        ...Object.fromEntries(FIELDS.flatMap((name) => (name in line ? [[name, line[name]]] : []))),
      };
      // Our own cut, at a stop: kafkajs takes it for the broker's.
      const isOurs = line.message.endsWith(CLIENT_CLOSED);
      if (level !== logLevel.ERROR || isOurs) log.debug(line.message, fields);
      else if (isNews(line.message)) log.warn(line.message, fields);
    };
}
