const JSON_TYPE = /^application\/(?:scim\+)?json\s*(?:;|$)/i;

/** `application/json` and `application/scim+json` (RFC 7644 §8.1), with any parameter. */
export const isJson = (type: string | undefined): boolean =>
  type !== undefined && JSON_TYPE.test(type);

/** Whether a body has to be unpacked before anybody can read it, as its `Content-Encoding` says. */
export const isCompressed = (encoding: string | undefined): boolean =>
  encoding !== undefined && encoding.trim().toLowerCase() !== 'identity';
