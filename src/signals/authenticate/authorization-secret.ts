import type { Authenticate } from './authenticate.js';

/**
 * The `Authorization` field holds the connection's secret and nothing else: Okta sends the text exactly as the
 * administrator entered it, and adds no scheme. Nothing is signed, so a replay is recognised by the events' keys.
 * Source: okta-developer-docs, concepts/event-hooks, §HTTP headers.
 */
export const authorizationSecret: Authenticate = ({ header }, { isSecret }) => {
  const [text, ...more] = header('authorization');
  if (text === undefined || text === '') return { kind: 'unproven', why: 'credential_missing' };
  if (more.length > 0) return { kind: 'unproven', why: 'header_repeated' };
  return isSecret(text)
    ? { kind: 'proven', id: null, sentAt: null }
    : { kind: 'unproven', why: 'credential_wrong' };
};
