import type { CauseKind, Scope } from '../../contract/revocation-record.js';
import type { CaseId, ConnectionId, OrganizationId, SignalId, UserId } from '../../kernel/ids.js';

/** What is revoked. An API key carries no generation: what was minted through it ends by family records. */
export interface CaseSubject {
  readonly scope: Scope | 'api_key';
  /** A UUID; the key id for `kid`; base64url(SHA-256(iss "\n" sub)) for `ext`. */
  readonly id: string;
}

/** Why, and on whose word. Ids and closed words only: nothing personal. */
export interface Cause {
  readonly kind: CauseKind;
  readonly connection: ConnectionId | null;
  readonly signal: SignalId | null;
  /** Id of the key with which a person asked. */
  readonly actor: string | null;
  readonly reason: string | null;
}

/** How much ended with it. */
export interface CaseCounts {
  readonly devices: number;
  readonly tokens: number;
}

/** What a revocation did, once its subject is known. */
export interface CaseEffect {
  readonly subject: CaseSubject;
  readonly user: UserId | null;
  /** Null for `kid`, `ext` and `api_key`. */
  readonly generation: number | null;
  readonly counts: CaseCounts;
  /** The primary's clock after the locks were held. */
  readonly revokedAt: Date;
}

/** One revocation: cause, subject, devices, tokens. The unit of SOC 2 evidence. */
export interface Case {
  readonly id: CaseId;
  /** Null when it belongs to the installation (`kid`). */
  readonly organization: OrganizationId | null;
  readonly cause: Cause;
  /** When the request's head arrived, our clock. */
  readonly receivedAt: Date;
  /** Null while nobody knows whom it means. */
  readonly effect: CaseEffect | null;
}
