import { SCIM_EVENTS } from '../../contract/security-event.js';
import { MAX_BULK_BYTES, MAX_BULK_OPERATIONS } from '../read/bulk.js';
import { CURSOR_TIMEOUT_S, DEFAULT_PAGE, MAX_PAGE } from '../read/search-request.js';
import { GROUP_SCHEMA, GROUPS } from '../read/group-schema.js';
import type { Accepts } from '../../directory/index.js';
import type { Interop } from '../read/edit.js';
import type { ResourceKind, Schema } from '../read/schema.js';
import { SCHEMAS, USERS } from '../read/user-schema.js';
import type { JsonObject } from './projected.js';

const TOKEN = {
  type: 'oauth2',
  name: 'OAuth 2.0 client credentials',
  description: 'Short-lived tokens, fetched with a signed assertion or the secret (RFC 6749 §4.4).',
  specUri: 'https://www.rfc-editor.org/info/rfc6749',
};
const BEARER = {
  type: 'oauthbearertoken',
  name: 'Bearer token',
  description: 'The secret of the SCIM connection, as a bearer token.',
  specUri: 'https://www.rfc-editor.org/info/rfc6750',
};
const BASIC = {
  type: 'httpbasic',
  name: 'HTTP Basic',
  description: "The connection's id as the user, its secret as the password.",
  specUri: 'https://www.rfc-editor.org/info/rfc7617',
};

/** The first one is the primary. */
const SCHEMES = {
  bearer: [BEARER, TOKEN],
  basic: [BEARER, TOKEN, BASIC],
  keys: [TOKEN],
} as const satisfies Record<Accepts, readonly object[]>;

/** RFC 7643 §5. Only what is there is advertised. */
export const serviceProviderConfig = (
  root: string,
  { interop, accepts }: { readonly interop: Interop; readonly accepts: Accepts },
): JsonObject => ({
  schemas: ['urn:ietf:params:scim:schemas:core:2.0:ServiceProviderConfig'],
  patch: { supported: true },
  bulk: { supported: true, maxOperations: MAX_BULK_OPERATIONS, maxPayloadSize: MAX_BULK_BYTES },
  filter: { supported: true, maxResults: MAX_PAGE },
  changePassword: { supported: false },
  sort: { supported: true },
  etag: { supported: true },
  // draft-zollner-scim-interop-profile-02.
  ...(interop === 'strict' && { interopProfileConformant: true }),
  // RFC 9967 §4.
  securityEvents: { asyncRequest: 'request', eventUris: Object.values(SCIM_EVENTS) },
  // RFC 9865 §4.
  pagination: {
    cursor: true,
    index: true,
    defaultPaginationMethod: 'index',
    defaultPageSize: DEFAULT_PAGE,
    maxPageSize: MAX_PAGE,
    cursorTimeout: CURSOR_TIMEOUT_S,
  },
  authenticationSchemes: SCHEMES[accepts].map((scheme, i) => ({ ...scheme, primary: i === 0 })),
  meta: { resourceType: 'ServiceProviderConfig', location: `${root}/ServiceProviderConfig` },
});

const typeOf = ({ core, extensions }: ResourceKind, root: string): JsonObject => ({
  schemas: ['urn:ietf:params:scim:schemas:core:2.0:ResourceType'],
  id: core.name,
  name: core.name,
  description: core.description,
  endpoint: `/${core.name}s`,
  schema: core.id,
  ...(extensions.length > 0 && {
    schemaExtensions: extensions.map(({ id }) => ({ schema: id, required: false })),
  }),
  meta: { resourceType: 'ResourceType', location: `${root}/ResourceTypes/${core.name}` },
});

const presentSchema = (schema: Schema, root: string): JsonObject => ({
  schemas: ['urn:ietf:params:scim:schemas:core:2.0:Schema'],
  ...schema,
  meta: { resourceType: 'Schema', location: `${root}/Schemas/${schema.id}` },
});

/** RFC 7643 §6. */
export const resourceTypes = (root: string): readonly JsonObject[] =>
  [USERS, GROUPS].map((kind) => typeOf(kind, root));

/** RFC 7643 §7. */
export const schemas = (root: string): readonly JsonObject[] =>
  [...SCHEMAS, GROUP_SCHEMA].map((schema) => presentSchema(schema, root));
