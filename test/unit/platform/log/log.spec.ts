// P6: what goes wrong is written down for operators, and nothing secret or personal with it.
import { describe, expect, it } from '@jest/globals';
import { DatabaseError } from 'pg';
import { Secret } from '../../../../src/kernel/secret.js';
import { NestLog } from '../../../../src/platform/log/nest-log.js';
import { PinoLog } from '../../../../src/platform/log/pino-log.js';

function written(write: (log: PinoLog) => void, pretty = false): string {
  const lines: string[] = [];
  write(new PinoLog({ level: 'debug', pretty, sink: { write: (line) => void lines.push(line) } }));
  return lines.join('');
}

describe('a line', () => {
  it('is JSON with its time, level and message', () => {
    const line = written((log) => {
      log.warn('the broker is away', { attempts: 3 });
    });
    expect(JSON.parse(line)).toEqual({
      level: 'warn',
      time: expect.stringMatching(/^\d{4}-.*Z$/),
      attempts: 3,
      message: 'the broker is away',
    });
  });

  it.each([false, true])('shows no secret, wherever it hides; pretty: %s', (pretty) => {
    const secret = new Secret('hunter2-not-secret');
    const line = written((log) => {
      log.error(`with ${String(secret)}`, {
        secret,
        deep: { list: [secret] },
        error: new Error(`about ${String(secret)}`, {
          cause: Object.assign(new Error('x'), { secret }),
        }),
      });
    }, pretty);
    expect(line).toContain('[redacted]');
    expect(line).not.toContain('hunter2');
  });

  it('keeps of an error what is safe: its stack and causes, not what drivers hang on it', () => {
    const cause = new DatabaseError('duplicate key: ada@example.test', 10, 'error');
    Object.assign(cause, {
      severity: 'ERROR',
      code: '23505',
      detail: 'Key (user_name)=(ada@example.test) already exists.',
      table: 'resources',
      constraint: 'resources_user_name',
      parameters: ['ada@example.test'],
    });
    const error = Object.assign(new Error('writing failed', { cause }), {
      body: 'ada@example.test',
    });
    const line = written((log) => {
      log.error('a request failed', { error });
    });
    expect(line).not.toContain('ada@example.test');
    expect(JSON.parse(line)).toMatchObject({
      error: {
        type: 'Error',
        message: 'writing failed',
        stack: expect.stringContaining('log.spec.ts'),
        cause: { code: '23505', message: 'SQLSTATE 23505', table: 'resources' },
      },
    });
  });

  it('survives an error that is its own cause, and one that is none', () => {
    const error = new Error('round');
    error.cause = error;
    expect(() =>
      written((log) => {
        log.error('x', { error });
        log.error('x', { error: 'a text with ada@example.test' });
      }),
    ).not.toThrow();
  });

  it('of the framework is a line of ours', () => {
    const line = written((log) => {
      const nest = new NestLog(log);
      nest.log('Nest application started', 'NestApplication');
      nest.error(new TypeError('broken'), undefined, 'ExceptionsHandler');
    });
    const [first, second] = line
      .trim()
      .split('\n')
      .map((text) => JSON.parse(text) as unknown);
    expect(first).toMatchObject({ level: 'debug', context: 'NestApplication' });
    expect(second).toMatchObject({
      level: 'error',
      context: 'ExceptionsHandler',
      error: { type: 'TypeError', message: 'broken' },
    });
  });
});
