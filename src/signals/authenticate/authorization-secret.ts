import type { Authenticate } from './authenticate.js';

/**
 * The `Authorization` field holds the connection's secret and nothing else: Okta sends the text exactly as the
 * administrator entered it, and adds no scheme. Nothing is signed, so a replay is recognised by the events' keys.
 * Source: okta-developer-docs, concepts/event-hooks, §HTTP headers.
 */
export const authorizationSecret: Authenticate = ({ header }, keys) => {
  const [text, ...more] = header('authorization');
  if (text === undefined || text === '')
    return { kind: 'unproven', code: 'credential.missing', why: 'Authorization is missing' };
  return more.length === 0 && keys.accepts(text)
    ? { kind: 'proven', id: null, sentAt: null }
    : { kind: 'unproven', code: 'credential.invalid', why: 'Authorization is not the secret' };
};
