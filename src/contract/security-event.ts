import type { AccessEventUri, AccessSubject, SessionRevoked } from './access-event.js';
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
export type SecurityEventUri = ScimEventUri | AccessEventUri;

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

/** What happened to one subject by one request. */
export type SecurityEvents = Readonly<
  Partial<Record<SecurityEventUri, Notice | Completion | SessionRevoked | Record<string, never>>>
>;

/** RFC 9967: `uri` is below the SCIM root. No `externalId`: it may be a person's address. */
export interface ScimSubject {
  readonly format: 'scim';
  readonly uri: string;
}

/** A security event token (RFC 8417) about one SCIM resource, or about the access of a person, a device, … */
export interface SecurityEventToken {
  readonly iss: string;
  /** Unix seconds: when it happened. */
  readonly iat: number;
  /** The event, the same however often it is sent; of a case that revoked something, the case. */
  readonly jti: string;
  /** The request: its `x-request-id`, followed by `:` and the number of the operation, or signal, of several in it. */
  readonly txn: string;
  readonly sub_id: ScimSubject | AccessSubject;
  readonly events: SecurityEvents;
}

/** The value of a message on the events topic: CloudEvents 1.0, structured, whose data is the token. */
export interface SecurityEvent {
  readonly specversion: '1.0';
  /** `jti`. */
  readonly id: string;
  /** `iss`. */
  readonly source: string;
  /** The first of the token's events: how a resource was changed, or what became of access. */
  readonly type: SecurityEventUri;
  /** `sub_id.uri`; of access `scope/id`, as in the key of a revocation. */
  readonly subject: string;
  /** RFC 3339 UTC with milliseconds: the primary's clock under the locks. */
  readonly time: string;
  readonly datacontenttype: 'application/json';
  /** The organization. */
  readonly org: string;
  /** Whose request brought it about; left out where no connection has asked. */
  readonly connection?: string;
  readonly data: SecurityEventToken;
}

/** What there is to tell. */
export interface Happening {
  readonly id: string;
  readonly org: string;
  readonly connection: string | null;
  readonly resource: string;
  /** Null for the SCIM resource that `resource` names. */
  readonly identifier: AccessSubject | null;
  readonly txn: string;
  readonly at: Date;
  readonly type: SecurityEventUri;
  readonly events: SecurityEvents;
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
  ...(told.connection !== null && { connection: told.connection }),
  data: {
    iss: issuer,
    iat: Math.floor(told.at.getTime() / 1000),
    jti: told.id,
    txn: told.txn,
    sub_id: told.identifier ?? { format: 'scim', uri: told.resource },
    events: told.events,
  },
});

/** The bytes that are signed and sent: RFC 8785. */
export const eventBytes = (event: SecurityEvent): Uint8Array => canonicalBytes(event);

/** The Kafka key, `org/subject`: what happens to one person, or one group, keeps its order. */
export const eventKey = (org: string, subject: string): string => `${org}/${subject}`;

/** RFC 7644 §3.14: weak, since projections of one version differ. */
export const versionTag = (version: number): string => `W/"${version}"`;
