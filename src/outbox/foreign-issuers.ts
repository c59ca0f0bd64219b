import type { ConnectionId, Id, OrganizationId } from '../kernel/ids.js';
import type { Asking } from './gateways.js';

export type IssuerId = Id<'issuer'>;

/** Which name of a person an issuer's `sub` is. */
export const SUBJECT_KINDS = [
  'external_id',
  'idp_user_id',
  'scim_id',
  'iss_sub',
  'user_name',
  'email',
] as const;
export type SubjectKind = (typeof SUBJECT_KINDS)[number];

/** Names that the directory keeps in lower case. */
export const isFolded = (kind: SubjectKind): boolean => kind === 'user_name' || kind === 'email';

/** No token of a foreign issuer may live longer: the window in which revocations are remembered grows with it. */
export const LONGEST_FOREIGN_LIFE_S = 86_400;

/** Every lease carries all of them. */
export const MOST_ISSUERS = 200;

export interface NewForeignIssuer {
  readonly organization: OrganizationId;
  readonly issuer: string;
  readonly audience: string;
  /** One of both. */
  readonly jwksUrl: string | null;
  readonly jwks: unknown;
  readonly maxTtlS: number;
  readonly subject: SubjectKind;
  /** Whose names they are; null for those of every connection. */
  readonly connection: ConnectionId | null;
}

/** An issuer on the wire. */
export interface ForeignIssuerView {
  readonly id: string;
  readonly org: string;
  readonly issuer: string;
  readonly audience: string;
  readonly jwks_url: string | null;
  readonly jwks: unknown;
  readonly max_ttl_s: number;
  readonly subject: SubjectKind;
  readonly identities_from: string | null;
  /** What was issued until then is refused. */
  readonly created_at: string;
}

/** Whose tokens gateways may accept beside ours. They belong to organizations, but gateways to the installation. */
export abstract class ForeignIssuers {
  /**
   * From then on every revocation of a person ends what the issuer has signed for them.
   *
   * @throws DomainError `organization.unknown`, `connection.unknown`, `issuer.taken`, `issuer.too_many`,
   *   `request.invalid_value`
   */
  abstract register(issuer: NewForeignIssuer, asking: Asking): Promise<ForeignIssuerView>;

  abstract list(organization: OrganizationId): Promise<readonly ForeignIssuerView[]>;

  /**
   * Gateways refuse its tokens with their next lease.
   *
   * @throws DomainError `issuer.unknown`
   */
  abstract remove(
    name: { readonly organization: OrganizationId; readonly id: IssuerId },
    asking: Asking,
  ): Promise<void>;
}
