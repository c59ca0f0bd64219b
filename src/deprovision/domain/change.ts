import type {
  CaseId,
  ConnectionId,
  OrganizationId,
  ResourceId,
  SignalId,
  UserId,
} from '../../kernel/ids.js';

/** Where a change comes from. The organization is the credential's, never the request's. */
export interface Origin {
  readonly organization: OrganizationId;
  readonly connection: ConnectionId;
  readonly requestId: string;
  /** Which operation of a bulk request it is, or which of several signals in one delivery, from zero. */
  readonly operation?: number;
  /** When the request's head arrived, our clock. */
  readonly receivedAt: Date;
}

/** The last readable thing a request says about `active`; `unreadable` when it touches it in no way we can read. */
export type ActiveWord = 'true' | 'false' | 'absent' | 'unreadable';

export type JsonValue =
  string | number | boolean | null | readonly JsonValue[] | { readonly [name: string]: JsonValue };
export type JsonObject = Readonly<Record<string, JsonValue>>;

/** What a SCIM connection says about a person. `attributes` is the whole resource without `id`, `meta` and `active`. */
export interface ResourceImage {
  readonly userName: string;
  readonly externalId: string | null;
  /** Lower-cased values of `emails`. */
  readonly emails: readonly string[];
  readonly active: boolean;
  readonly attributes: JsonObject;
}

export interface StoredResource extends ResourceImage {
  readonly id: ResourceId;
  readonly user: UserId;
  readonly version: number;
  readonly createdAt: Date;
  readonly changedAt: Date;
}

/**
 * What an edit makes of the stored resource. When it is refused, the request's `active` still counts: a readable
 * `false` deprovisions and an unreadable word holds, and the answer stays the refusal (P9).
 */
export type Edited =
  | { readonly word: ActiveWord; readonly next: ResourceImage }
  | { readonly word: ActiveWord; readonly refused: Error };

/** Pure: the stored resource in, what it becomes out. Runs under the locks, and again if the transaction repeats. */
export interface Edit {
  (stored: StoredResource): Edited;
  /** What the request says of `active`, where that is known before the resource is: leavers go first. */
  readonly word?: ActiveWord;
}

/** One SCIM request that changes a person. */
export type ResourceChange =
  | {
      readonly kind: 'create';
      readonly origin: Origin;
      readonly word: ActiveWord;
      readonly image: ResourceImage;
    }
  /** A creation that is wrong: its `active` still counts for whoever has the name (P9). */
  | {
      readonly kind: 'refused_create';
      readonly origin: Origin;
      readonly word: ActiveWord;
      /** Null when the request has none that can be read. */
      readonly userName: string | null;
      readonly refused: Error;
    }
  | {
      readonly kind: 'edit';
      readonly origin: Origin;
      readonly resource: ResourceId;
      readonly edit: Edit;
      /** How the request says it; `patch` unless told. */
      readonly verb?: 'put' | 'patch';
    }
  | { readonly kind: 'remove'; readonly origin: Origin; readonly resource: ResourceId };

export type ResourceOutcome =
  | {
      readonly kind: 'done';
      readonly resource: StoredResource;
      readonly changed: boolean;
      readonly case: CaseId | null;
    }
  | { readonly kind: 'removed'; readonly case: CaseId | null }
  /** Refused, and whatever its `active` demanded has been committed. */
  | { readonly kind: 'refused'; readonly why: Error }
  | { readonly kind: 'unknown' }
  | { readonly kind: 'name_taken' };

/** Names under which a signal may speak of a person, in the order in which they are tried. */
export interface IdentityReference {
  readonly kind:
    'user_id' | 'scim_id' | 'idp_user_id' | 'iss_sub' | 'external_id' | 'user_name' | 'email';
  readonly value: string;
}

/**
 * `hold`: the person is gone (generation and a hold). `revoke`: what was issued ends, the person may enrol again.
 * `lift`: lifts this connection's hold of the same class, if the signal is newer. `none`: recorded, changes nothing.
 */
export type SignalEffect = 'hold' | 'revoke' | 'lift' | 'none';

/** One statement of an IdP whose sender has been proven. */
export interface VerifiedSignal {
  /** Unique per connection: the same statement sent again has the same key. */
  readonly dedupeKey: string;
  /** The provider's own name for the event. */
  readonly eventType: string;
  readonly occurredAt: Date;
  readonly effect: SignalEffect;
  /** Which hold it sets or lifts: `signal:<connection>:<class>`. */
  readonly class: string;
  readonly subject: readonly IdentityReference[];
}

export interface SignalChange {
  readonly origin: Origin;
  readonly signal: VerifiedSignal;
}

export interface SignalOutcome {
  readonly kind: 'applied' | 'irrelevant' | 'unknown_person' | 'ambiguous_person';
  readonly signal: SignalId;
  readonly case: CaseId | null;
  /** True when the same signal had been taken before: this is the first answer again. */
  readonly repeated: boolean;
}
