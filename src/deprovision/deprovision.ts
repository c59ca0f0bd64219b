import type { Actor } from '../audit/index.js';
import type { ApiKeyId, CaseId, GroupId, OrganizationId, UserId } from '../kernel/ids.js';
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

/** A group that access is to come from. */
export interface AccessGroupOrder extends Operator {
  readonly group: GroupId;
  /** Whether those who are outside of all access groups lose their access now. */
  readonly apply: boolean;
}

export interface AccessGroupReport {
  /** People of the group's connection who are in no access group and have access all the same. */
  readonly outside: number;
  /** Whose access has ended by the order. */
  readonly gone: number;
}

/** What a door writes in the same transaction as a revocation; when it throws, nothing of either is written. */
export type Alongside = (tx: Tx, made: CaseId) => Promise<void>;

/** An operator's order about many people. */
export interface PeopleOrder extends Operator, Pick<RevocationOrder, 'kind' | 'reason' | 'hold'> {
  /** A few hundred: their locks are held until all of it has been written. */
  readonly people: readonly UserId[];
}

/** The cases that were made, of those whom the organization has. */
export type MadeCases = ReadonlyMap<UserId, CaseId>;

/** What a door writes in the same transaction as a change of a resource; when it throws, nothing of either is written. */
export type AlongsideChange<Outcome> = (tx: Tx, outcome: Outcome) => Promise<void>;

/** The heart: every change to a person's access enters here, and nowhere else. */
export abstract class Deprovision {
  /**
   * Applies one SCIM request. When it resolves, everything that the outcome says has been committed.
   *
   * @throws DomainError `store.unavailable`: nothing may be concluded, the IdP sends it again
   */
  abstract changeResource(
    change: ResourceChange,
    alongside?: AlongsideChange<ResourceOutcome>,
  ): Promise<ResourceOutcome>;

  /**
   * Applies one SCIM request to a group. When it resolves, everything that the outcome says has been committed.
   *
   * @throws DomainError `store.unavailable`: nothing may be concluded, the IdP sends it again
   */
  abstract changeGroup(
    change: GroupChange,
    alongside?: AlongsideChange<GroupOutcome>,
  ): Promise<GroupOutcome>;

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
   * Ends everything issued to each of these people, in one transaction.
   *
   * @param alongside what is written with it; when it throws, nothing of either is
   * @throws DomainError `store.unavailable`
   */
  abstract revokePeople(
    order: PeopleOrder,
    alongside: (tx: Tx, made: MadeCases) => Promise<void>,
  ): Promise<MadeCases>;

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

  /**
   * Makes a group one that access comes from; again, with `apply`, it ends the access of those who are outside.
   *
   * @returns null when the organization has no such living group
   */
  abstract admitGroup(order: AccessGroupOrder): Promise<AccessGroupReport | null>;

  /** Nobody loses access by it, and no hold is lifted. @returns false when access did not come from the group */
  abstract dismissGroup(operator: Operator, group: GroupId): Promise<boolean>;

  /** Removes one hold by an operator's hand. @returns false when the subject has no such hold */
  abstract liftHold(operator: Operator, subject: HeldSubject, name: string): Promise<boolean>;
}
