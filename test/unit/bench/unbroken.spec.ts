// P3: what PostgreSQL answers in a trial is never retried away; only a lost connection is no answer.
import { describe, expect, it } from '@jest/globals';
import { DatabaseError } from 'pg';
import { isConnectionTrouble, runUnbroken, told } from '../../../bench/trial/unbroken.js';
import { DomainError } from '../../../src/kernel/domain-error.js';

const asOurs = (cause: Error | null) =>
  new DomainError('store.unavailable', 'no answer', cause === null ? {} : { cause });

function answer(code: string): DatabaseError {
  return Object.assign(new DatabaseError('no', 2, 'error'), { code });
}

describe('a trial that breaks off', () => {
  it.each(['40P01', '40001', '57014', '55P03', '53300', '57P01'])(
    'fails at once when PostgreSQL says %s, and names it',
    async (code) => {
      let runs = 0;
      const repeated: string[] = [];
      const run = runUnbroken({
        run: () => {
          runs += 1;
          return Promise.reject(asOurs(answer(code)));
        },
        onRepeat: () => repeated.push(code),
      });
      await expect(run).rejects.toThrow('store.unavailable');
      expect({ runs, repeated }).toEqual({ runs: 1, repeated: [] });
      expect(told(asOurs(answer(code)))).toContain(`no (${code})`);
    },
  );

  it('fails at once when a transaction was rolled back and nobody knows why', () => {
    expect(isConnectionTrouble(asOurs(null))).toBe(false);
    expect(isConnectionTrouble(new DomainError('service.overloaded'))).toBe(false);
  });

  it('is run again when its connection is lost, which is counted', async () => {
    const failures = [
      asOurs(new Error('Connection terminated unexpectedly')),
      asOurs(answer('08006')),
      new Error('connection timeout'),
    ];
    let repeats = 0;
    const run = () => {
      const failure = failures.shift();
      return failure === undefined ? Promise.resolve('done') : Promise.reject(failure);
    };
    await expect(runUnbroken({ run, onRepeat: () => (repeats += 1) })).resolves.toBe('done');
    expect(repeats).toBe(3);
  });

  it('is not run again for ever', async () => {
    let runs = 0;
    const lost = () => {
      runs += 1;
      return Promise.reject(new Error('Connection terminated'));
    };
    await expect(runUnbroken({ run: lost, onRepeat: () => undefined })).rejects.toThrow();
    expect(runs).toBe(5);
  });

  it('is not begun when somebody has ended the run', async () => {
    const run = () => Promise.resolve('done');
    const stop = AbortSignal.abort(new Error('ended'));
    await expect(runUnbroken({ run, stop, onRepeat: () => undefined })).rejects.toThrow('ended');
  });
});
