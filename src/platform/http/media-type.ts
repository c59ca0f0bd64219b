const JSON_TYPE = /^application\/(?:scim\+)?json\s*(?:;|$)/i;

/** `application/json` and `application/scim+json` (RFC 7644 §8.1), with any parameter. */
export const isJson = (type: string | undefined): boolean =>
  type !== undefined && JSON_TYPE.test(type);
