import { entryOf, type AuditLog, type LogId, type Refusals } from '../audit/index.js';
import type { Asking, Listed, PageOf } from '../directory/index.js';
import { DomainError, type ErrorCode } from '../kernel/domain-error.js';
import { newId, type OrganizationId } from '../kernel/ids.js';
import type { Secret } from '../kernel/secret.js';
import type { Transactions, Tx } from '../kernel/tx.js';
import type { OpaqueSecrets } from '../platform/crypto/opaque-secrets.js';
import { bearerOf } from '../platform/http/bearer.js';
import { AdminKeys, type AdminKey, type Knock, type NewAdminKey } from './admin-keys.js';
import { adminKeyOf } from './postgres/admin-key-row.js';
import { insertAdminKey } from './postgres/insert-admin-key.js';
import { listAdminKeys } from './postgres/list-admin-keys.js';
import { revokeAdminKey } from './postgres/revoke-admin-key.js';
import { selectAdminDoor } from './postgres/select-admin-door.js';
import type { AdminKeyId, Principal } from './principal.js';

interface KeyDeed {
  readonly organization: OrganizationId | null;
  readonly id: AdminKeyId;
  readonly at: Date;
  readonly action: 'admin_key.created' | 'admin_key.revoked';
  readonly detail?: Readonly<Record<string, string>>;
}

export class StoredAdminKeys extends AdminKeys {
  readonly #transactions: Transactions;
  readonly #audit: AuditLog;
  readonly #refusals: Refusals;
  readonly #secrets: OpaqueSecrets;
  readonly #installation: LogId;

  constructor(parts: {
    readonly transactions: Transactions;
    readonly audit: AuditLog;
    readonly refusals: Refusals;
    readonly secrets: OpaqueSecrets;
    /** Its log takes what belongs to no organization. */
    readonly installation: LogId;
  }) {
    super();
    this.#transactions = parts.transactions;
    this.#audit = parts.audit;
    this.#refusals = parts.refusals;
    this.#secrets = parts.secrets;
    this.#installation = parts.installation;
  }

  override async ensureFirst(text: Secret): Promise<void> {
    const parsed = this.#secrets.parse<'admin-key'>('admin', text.reveal());
    if (parsed === null) throw new TypeError('the first admin key is no ofs_admin_… secret');
    const { digest } = this.#secrets.form('admin', parsed.id, this.#secrets.bytesOf(parsed));
    const first: NewAdminKey = { organization: null, name: 'first', role: 'owner' };
    const asking: Asking = {
      actor: { type: 'service', id: this.#installation },
      requestId: newId(),
    };
    await this.#transactions.run('service', async (tx) => {
      const row = await insertAdminKey(tx, parsed.id, first, digest);
      // Another start, or another replica, has made it.
      if (row === null) return;
      await this.#write(tx, asking, {
        organization: null,
        id: row.id,
        at: row.created_at,
        action: 'admin_key.created',
        detail: { role: 'owner', from: 'configuration' },
      });
    });
  }

  override async open(
    knock: Knock,
  ): Promise<{ readonly principal: Principal; readonly hasOrganization: boolean }> {
    const { authorization = '' } = knock;
    if (authorization === '') throw this.#refused('credential.missing', null);
    const presented = this.#secrets.parse<'admin-key'>('admin', bearerOf(authorization));
    if (presented === null) throw this.#refused('credential.invalid', null);
    const row = await this.#transactions.read(knock.lane, (tx) =>
      selectAdminDoor(tx, presented.id, knock.organization),
    );
    if (row === null || !this.#secrets.matches(row.digest, presented) || !row.is_live)
      throw this.#refused('credential.invalid', row?.organization_id ?? null);
    return {
      principal: { key: presented.id, organization: row.organization_id, role: row.role },
      hasOrganization: row.has_organization,
    };
  }

  override create(
    key: NewAdminKey,
    asking: Asking,
  ): Promise<{ readonly key: AdminKey; readonly secret: Secret }> {
    const id = newId<AdminKeyId>();
    const { text, digest } = this.#secrets.mint('admin', id);
    return this.#transactions.run('service', async (tx) => {
      const row = await insertAdminKey(tx, id, key, digest);
      if (row === null) throw new DomainError('organization.unknown');
      await this.#write(tx, asking, {
        organization: key.organization,
        id,
        at: row.created_at,
        action: 'admin_key.created',
        detail: { role: key.role },
      });
      return { key: adminKeyOf(row), secret: text };
    });
  }

  override list(
    organization: OrganizationId | null,
    page: PageOf<AdminKeyId>,
  ): Promise<Listed<AdminKey>> {
    return this.#transactions.read('service', async (tx) => {
      const found = await listAdminKeys(tx, organization, { ...page, limit: page.limit + 1 });
      const items = found.slice(0, page.limit).map(adminKeyOf);
      return { items, next: found.length > page.limit ? (items.at(-1)?.id ?? null) : null };
    });
  }

  override async revoke(
    organization: OrganizationId | null,
    id: AdminKeyId,
    asking: Asking,
  ): Promise<void> {
    // Whoever rotates makes the new key first, and nobody locks themselves out.
    if (asking.actor.id === id)
      throw new DomainError('admin_key.in_use', 'this request carries the key that it would end');
    await this.#transactions.run('service', async (tx) => {
      const at = await revokeAdminKey(tx, organization, id);
      if (at === null) throw new DomainError('admin_key.unknown');
      await this.#write(tx, asking, { organization, id, at, action: 'admin_key.revoked' });
    });
  }

  #refused(reason: ErrorCode, organization: OrganizationId | null): DomainError {
    this.#refusals.count({
      log: organization ?? this.#installation,
      connection: null,
      door: 'admin',
      reason,
    });
    return new DomainError(
      reason,
      reason === 'credential.missing' ? 'no bearer token' : 'this token opens nothing',
    );
  }

  #write(tx: Tx, { actor, requestId }: Asking, deed: KeyDeed): Promise<void> {
    return this.#audit.append(tx, [
      entryOf({
        id: newId(),
        org: deed.organization ?? this.#installation,
        at: deed.at.toISOString(),
        action: deed.action,
        outcome: 'success',
        actor,
        subject: { type: 'admin_key', id: deed.id },
        request_id: requestId,
        detail: deed.detail ?? {},
      }),
    ]);
  }
}
