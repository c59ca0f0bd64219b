import { Secret } from '../kernel/secret.js';
import { ConfigRefused } from './config.js';
import { textOf, type EnvironmentVariables } from './variables.js';

/**
 * `DATABASE_OWNER_URL` by itself: whoever migrates needs none of the service's secrets.
 *
 * @returns null when it is not set
 * @throws ConfigRefused
 */
export function readOwnerUrl(variables: EnvironmentVariables): Secret | null {
  const problems: string[] = [];
  const text = textOf(variables, 'DATABASE_OWNER_URL', problems);
  if (text !== undefined && text !== '' && !/^postgres(ql)?:\/\/\S+$/.test(text))
    problems.push('DATABASE_OWNER_URL: must be a postgres:// URL');
  if (problems.length > 0) throw new ConfigRefused(problems);
  return text === undefined || text === '' ? null : new Secret(text);
}
