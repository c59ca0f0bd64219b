/** What an operator may revoke in an organization. */
export const REVOCABLE = ['org', 'user', 'device', 'family', 'api_key'] as const;
