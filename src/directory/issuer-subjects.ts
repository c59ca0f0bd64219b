import type { Id, OrganizationId, UserId } from '../kernel/ids.js';
import type { Asking } from './asking.js';

export type IssuerSubjectId = Id<'issuer-subject'>;

/** What an issuer calls somebody in `sub`, on an operator's word. */
export interface IssuerSubject {
  readonly id: IssuerSubjectId;
  readonly issuer: string;
  readonly sub: string;
  readonly createdAt: Date;
}

export interface NewIssuerSubject {
  readonly organization: OrganizationId;
  readonly user: UserId;
  readonly issuer: string;
  readonly sub: string;
}

/** Names that SCIM does not bring. Every revocation of the person ends what the issuer has signed for them. */
export abstract class IssuerSubjects {
  /** @throws DomainError `user.unknown`, `subject.taken` */
  abstract add(subject: NewIssuerSubject, asking: Asking): Promise<IssuerSubject>;

  abstract list(organization: OrganizationId, user: UserId): Promise<readonly IssuerSubject[]>;

  /**
   * For a day it is revoked all the same: a token that was signed for it may still live.
   *
   * @throws DomainError `subject.unknown`
   */
  abstract remove(
    name: {
      readonly organization: OrganizationId;
      readonly user: UserId;
      readonly id: IssuerSubjectId;
    },
    asking: Asking,
  ): Promise<void>;
}
