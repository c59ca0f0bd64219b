import { canonicalBytes } from './bytes.js';

/** Provisioning events of RFC 9967 §2.4 in the form that tells names and no values, and completions (§2.5). */
export const SCIM_EVENTS = {
  create: 'urn:ietf:params:scim:event:prov:create:notice',
  put: 'urn:ietf:params:scim:event:prov:put:notice',
  patch: 'urn:ietf:params:scim:event:prov:patch:notice',
  delete: 'urn:ietf:params:scim:event:prov:delete',
  activate: 'urn:ietf:params:scim:event:prov:activate',
  deactivate: 'urn:ietf:params:scim:event:prov:deactivate',
  asyncResponse: 'urn:ietf:params:scim:event:misc:asyncresp',
} as const;
export type ScimEventUri = (typeof SCIM_EVENTS)[keyof typeof SCIM_EVENTS];

/** Which attributes a change touched, as paths of RFC 7644 §3.5.2, and the version that it made. */
export interface Notice {
  readonly attributes: readonly string[];
  /** As the `ETag` of the resource. */
  readonly version: string;
}

/** What became of one operation that was put off (RFC 9967 §2.5.1.3). No `bulkId` and no `detail`: names and codes only. */
export interface Completion {
  readonly method: string;
  readonly version?: string;
  readonly status: string;
  /** Of an error. */
  readonly response?: {
    readonly schemas: readonly string[];
    readonly scimType?: string;
    readonly status: string;
  };
}

/** What happened to one resource by one request; the first one says how it was changed. */
export type ScimEvents = Readonly<
  Partial<Record<ScimEventUri, Notice | Completion | Record<string, never>>>
>;

/** A security event token (RFC 8417) about one SCIM resource. No `externalId`: it may be a person's address. */
export interface SecurityEventToken {
  readonly iss: string;
  /** Unix seconds: when it happened. */
  readonly iat: number;
  /** The event, the same however often it is sent. */
  readonly jti: string;
  /** The request: its `x-request-id`, followed by `:` and the number of the operation when it came in bulk. */
  readonly txn: string;
  /** `uri` is below the SCIM root. */
  readonly sub_id: { readonly format: 'scim'; readonly uri: string };
  readonly events: ScimEvents;
}

/** The value of a message on the events topic: CloudEvents 1.0, structured, whose data is the token. */
export interface SecurityEvent {
  readonly specversion: '1.0';
  /** `jti`. */
  readonly id: string;
  /** `iss`. */
  readonly source: string;
  /** The first of the token's events. */
  readonly type: ScimEventUri;
  /** `sub_id.uri`. */
  readonly subject: string;
  /** RFC 3339 UTC with milliseconds: the primary's clock under the locks. */
  readonly time: string;
  readonly datacontenttype: 'application/json';
  /** The organization. */
  readonly org: string;
  /** The SCIM connection whose resource it is. */
  readonly connection: string;
  readonly data: SecurityEventToken;
}

/** What there is to tell of one resource. */
export interface Happening {
  readonly id: string;
  readonly org: string;
  readonly connection: string;
  readonly resource: string;
  readonly txn: string;
  readonly at: Date;
  readonly type: ScimEventUri;
  readonly events: ScimEvents;
}

export const securityEvent = (told: Happening, issuer: string): SecurityEvent => ({
  specversion: '1.0',
  id: told.id,
  source: issuer,
  type: told.type,
  subject: told.resource,
  time: told.at.toISOString(),
  datacontenttype: 'application/json',
  org: told.org,
  connection: told.connection,
  data: {
    iss: issuer,
    iat: Math.floor(told.at.getTime() / 1000),
    jti: told.id,
    txn: told.txn,
    sub_id: { format: 'scim', uri: told.resource },
    events: told.events,
  },
});

/** The bytes that are signed and sent: RFC 8785. */
export const eventBytes = (event: SecurityEvent): Uint8Array => canonicalBytes(event);

/** The Kafka key, `org/subject`: what happens to one person, or one group, keeps its order. */
export const eventKey = (org: string, subject: string): string => `${org}/${subject}`;

/** RFC 7644 §3.14: weak, since projections of one version differ. */
export const versionTag = (version: number): string => `W/"${version}"`;
