import type { Actor } from '../audit/index.js';
import type { ApiKeyId, CaseId, OrganizationId } from '../kernel/ids.js';
import type { Tx } from '../kernel/tx.js';
import type {
  ResourceChange,
  ResourceOutcome,
  SignalChange,
  SignalOutcome,
} from './domain/change.js';
import type { GroupChange, GroupOutcome } from './domain/group-change.js';
import type { RevocationOrder } from './domain/plan-subject.js';

/** Who asks an operator's question, and when. */
export interface Operator {
  readonly organization: OrganizationId;
  readonly actor: Actor;
  readonly requestId: string;
  readonly receivedAt: Date;
}

/** Whose hold an operator can lift. A device token or an API key that has been ended has no way back. */
export interface HeldSubject {
  readonly scope: 'org' | 'user' | 'device';
  readonly id: string;
}

/** What a door writes in the same transaction as a revocation; when it throws, nothing of either is written. */
export type Alongside = (tx: Tx, made: CaseId) => Promise<void>;

/** The heart: every change to a person's access enters here, and nowhere else. */
export abstract class Deprovision {
  /**
   * Applies one SCIM request. When it resolves, everything that the outcome says has been committed.
   *
   * @throws DomainError `store.unavailable`: nothing may be concluded, the IdP sends it again
   */
  abstract changeResource(change: ResourceChange): Promise<ResourceOutcome>;

  /**
   * Applies one SCIM request to a group. When it resolves, everything that the outcome says has been committed.
   *
   * @throws DomainError `store.unavailable`: nothing may be concluded, the IdP sends it again
   */
  abstract changeGroup(change: GroupChange): Promise<GroupOutcome>;

  /**
   * Takes one verified signal, once per dedupe key. When it resolves, the signal and all that came of it have
   * been committed.
   *
   * @throws DomainError `store.unavailable`
   */
  abstract takeSignal(change: SignalChange): Promise<SignalOutcome>;

  /**
   * Ends everything issued under a subject, on an operator's order.
   *
   * @returns the case; null when the organization has no such subject
   * @throws DomainError `store.unavailable`
   */
  abstract revokeSubject(order: RevocationOrder, alongside?: Alongside): Promise<CaseId | null>;

  /**
   * Ends an API key and every device token that came through it: one case, one record per family.
   *
   * @returns null when the organization has no such key
   */
  abstract revokeApiKey(
    operator: Operator,
    order: { readonly key: ApiKeyId; readonly reason: string },
    alongside?: Alongside,
  ): Promise<CaseId | null>;

  /** Removes one hold by an operator's hand. @returns false when the subject has no such hold */
  abstract liftHold(operator: Operator, subject: HeldSubject, name: string): Promise<boolean>;
}
