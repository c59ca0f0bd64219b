import { entryOf, type AuditLog } from '../audit/index.js';
import { MessageRefused } from '../contract/read.js';
import { publicForm, readForeignJwks } from '../contract/read-foreign-jwks.js';
import { DomainError } from '../kernel/domain-error.js';
import { newId, type EntryId, type OrganizationId } from '../kernel/ids.js';
import type { Transactions, Tx } from '../kernel/tx.js';
import {
  ForeignIssuers,
  MOST_ISSUERS,
  type ForeignIssuerView,
  type IssuerId,
  type NewForeignIssuer,
} from './foreign-issuers.js';
import type { Asking } from './gateways.js';
import {
  addIssuer,
  livingIssuers,
  lockForIssuer,
  removeIssuer,
  type IssuerRow,
} from './postgres/foreign-issuers.js';

/** They go into every lease. */
const MOST_INLINE_KEYS = 10;

export class StoredForeignIssuers extends ForeignIssuers {
  readonly #transactions: Transactions;
  readonly #audit: AuditLog;

  constructor(transactions: Transactions, audit: AuditLog) {
    super();
    this.#transactions = transactions;
    this.#audit = audit;
  }

  override register(issuer: NewForeignIssuer, asking: Asking): Promise<ForeignIssuerView> {
    const checked = withItsKeys(issuer);
    return this.#transactions.run('service', async (tx) => {
      const around = await lockForIssuer(tx, checked);
      if (!around.organization) throw new DomainError('organization.unknown');
      if (!around.connection) throw new DomainError('connection.unknown');
      if (around.living >= MOST_ISSUERS)
        throw new DomainError('issuer.too_many', `an installation has at most ${MOST_ISSUERS}`);
      if (around.ours === checked.issuer)
        throw new DomainError('request.invalid_value', 'issuer: that is our own');
      const row = await addIssuer(tx, newId<IssuerId>(), checked);
      if (row === null)
        throw new DomainError('issuer.taken', 'this issuer and audience are registered');
      await this.#write(tx, row, { asking, action: 'issuer.registered' });
      return viewOf(row);
    });
  }

  override async list(organization: OrganizationId): Promise<readonly ForeignIssuerView[]> {
    const found = await this.#transactions.read('service', (tx) => livingIssuers(tx, organization));
    return found.map(viewOf);
  }

  override remove(
    { organization, id }: { readonly organization: OrganizationId; readonly id: IssuerId },
    asking: Asking,
  ): Promise<void> {
    return this.#transactions.run('service', async (tx) => {
      if (!(await removeIssuer(tx, organization, id))) throw new DomainError('issuer.unknown');
      await this.#write(
        tx,
        { id, organization_id: organization },
        { asking, action: 'issuer.removed' },
      );
    });
  }

  async #write(
    tx: Tx,
    {
      id,
      organization_id: org,
      ...row
    }: Pick<IssuerRow, 'id' | 'organization_id'> & Partial<IssuerRow>,
    {
      asking,
      action,
    }: { readonly asking: Asking; readonly action: 'issuer.registered' | 'issuer.removed' },
  ): Promise<void> {
    const { issuer, audience, max_ttl_s: life, subject } = row;
    const detail =
      issuer === undefined || audience === undefined || life === undefined || subject === undefined
        ? {}
        : { issuer, audience, max_ttl_s: life, subject };
    await this.#audit.append(tx, [
      entryOf({
        id: newId<EntryId>(),
        org,
        at: (await this.#audit.now(tx)).toISOString(),
        action,
        outcome: 'success',
        actor: asking.actor,
        subject: { type: 'issuer', id },
        request_id: asking.requestId,
        detail,
      }),
    ]);
  }
}

/** Keys that gateways would leave out are refused here, where somebody can mend them; private parts are not kept. */
function withItsKeys(issuer: NewForeignIssuer): NewForeignIssuer {
  if ((issuer.jwksUrl === null) === (issuer.jwks === null))
    throw new DomainError('request.invalid_value', 'one of jwks_url and jwks');
  if (issuer.jwks === null) return issuer;
  const keys = keysIn(issuer.jwks);
  if (keys.length === 0)
    throw new DomainError('request.invalid_value', 'jwks: no key that may sign tokens');
  if (keys.length > MOST_INLINE_KEYS)
    throw new DomainError(
      'request.invalid_value',
      `jwks: more than ${MOST_INLINE_KEYS} keys; name their address`,
    );
  return { ...issuer, jwks: { keys: keys.map(publicForm) } };
}

function keysIn(jwks: unknown): ReturnType<typeof readForeignJwks> {
  try {
    return readForeignJwks(jwks);
  } catch (error) {
    if (error instanceof MessageRefused) return [];
    throw error;
  }
}

const viewOf = (row: IssuerRow): ForeignIssuerView => ({
  id: row.id,
  org: row.organization_id,
  issuer: row.issuer,
  audience: row.audience,
  jwks_url: row.jwks_url,
  jwks: row.jwks,
  max_ttl_s: row.max_ttl_s,
  subject: row.subject,
  identities_from: row.connection_id,
  created_at: row.created_at.toISOString(),
});
