/** What an API key may do. A closed list: a scope that is not here cannot be given, and no key has all of them by default. */
export const API_KEY_SCOPES = ['device-tokens:bootstrap'] as const;
export type ApiKeyScope = (typeof API_KEY_SCOPES)[number];
