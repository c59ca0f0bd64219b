import { DomainError } from './domain-error.js';

/** Whoever probes has little patience: Kubernetes asks for one second by default, Prometheus for ten. */
export const PROBE_MS = 2_500;

/**
 * The result, if it comes in time. The work itself goes on; it has limits of its own.
 *
 * @throws DomainError `store.unavailable`
 */
export async function within<T>(ms: number, work: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      reject(new DomainError('store.unavailable', 'the database did not answer in time'));
    }, ms);
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}
