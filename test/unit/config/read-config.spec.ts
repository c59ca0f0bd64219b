// P9: fail closed; with somebody else's servers nothing is made up, and the refusal says what is missing.
import { describe, expect, it } from '@jest/globals';
import { ConfigRefused } from '../../../src/config/config.js';
import { readConfig } from '../../../src/config/read-config.js';

const problemsOf = (variables: Readonly<Record<string, string>>): readonly string[] => {
  try {
    readConfig(variables);
    return [];
  } catch (error) {
    if (error instanceof ConfigRefused) return error.problems;
    throw error;
  }
};

describe('the configuration', () => {
  it('says which secrets are not set beside somebody else’s PostgreSQL, all at once', () => {
    const problems = problemsOf({ DATABASE_URL: 'postgres://service:fake@db.example/offswitch' });

    expect(problems.map((problem) => problem.split(';')[0])).toEqual([
      'OFFSWITCH_PEPPER: is not set',
      'OFFSWITCH_ENCRYPTION_KEY: is not set',
      'OFFSWITCH_TOKEN_KEYS: is not set',
      'OFFSWITCH_RECORD_KEYS: is not set',
      'OFFSWITCH_ADMIN_KEY: is not set',
      'OFFSWITCH_ISSUER: is not set',
    ]);
  });

  it('says the rule, not that it is missing, of what is set and wrong', () => {
    expect(problemsOf({ OFFSWITCH_STALENESS_MS: '1' })).toEqual([
      'OFFSWITCH_STALENESS_MS: must be at least 5000',
    ]);
  });
});
