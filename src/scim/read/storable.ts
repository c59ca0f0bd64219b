/** NUL and unpaired surrogates: legal in JSON, but PostgreSQL's text cannot hold them. */
export const UNSTORABLE = /[\0\p{Surrogate}]/u;
