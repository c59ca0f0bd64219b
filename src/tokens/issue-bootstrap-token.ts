import type { Actor, AuditLog } from '../audit/index.js';
import type { ApiKeys, OpenApiKey } from '../api-keys/index.js';
import type { Devices, Organizations, People, PersonReference } from '../directory/index.js';
import { DomainError } from '../kernel/domain-error.js';
import { newId, type DeviceId, type EntryId, type FamilyId, type UserId } from '../kernel/ids.js';
import type { Secret } from '../kernel/secret.js';
import type { Transactions, Tx } from '../kernel/tx.js';
import type { OutboxRecord } from '../outbox/index.js';
import type { OpaqueSecrets } from '../platform/crypto/opaque-secrets.js';
import type { RequestMark } from '../platform/http/request.js';
import { decideIssue, type Issue } from './domain/decide-issue.js';
import { issueEntries } from './domain/issue-entries.js';
import { FAMILY_LIFE_MS } from './domain/lifetimes.js';
import type { Endings } from './endings.js';
import { insertFamily } from './postgres/insert-family.js';
import { lockIssue } from './postgres/lock-issue.js';
import type { RefusedDeeds } from './refused-deeds.js';

export interface IssueRequest {
  readonly by: OpenApiKey;
  /** The client's own string for the device; an unknown one makes the device. */
  readonly deviceId: string;
  readonly ttlS: number;
  /** Whose it will be; without it, of the one who holds the device. */
  readonly person: PersonReference | null;
  readonly mark: RequestMark;
}

export interface IssuedBootstrapToken {
  readonly token: Secret;
  readonly expiresAt: Date;
}

/** Where the request ended up: whose token on which device, and whether it may be issued. */
interface Ready {
  readonly issue: Issue;
  readonly owner: UserId | null;
  readonly device: DeviceId;
  readonly isNewDevice: boolean;
  readonly at: Date;
}

interface Parts {
  readonly transactions: Transactions;
  readonly people: Pick<People, 'whoIs' | 'isActive'>;
  readonly devices: Pick<Devices, 'ensure' | 'owners' | 'assign'>;
  readonly organizations: Pick<Organizations, 'allowsOwnerless'>;
  readonly apiKeys: Pick<ApiKeys, 'isLive'>;
  readonly audit: AuditLog;
  readonly endings: Endings;
  readonly refused: RefusedDeeds;
  readonly secrets: OpaqueSecrets;
  /** Of the installation. */
  readonly epoch: number;
}

/** How often a request whose device changes hands under it looks again. */
const ATTEMPTS = 3;

class Moved extends DomainError {
  constructor() {
    super('store.unavailable', 'the device is changing hands');
  }
}

/** An organization's backend gets a bootstrap token for one of its devices. */
export class IssueBootstrapToken {
  readonly #parts: Parts;

  constructor(parts: Parts) {
    this.#parts = parts;
  }

  /**
   * @throws DomainError `user.unknown`, `user.ambiguous`, `user.closed`, `user.held`, `device.held`,
   *   `organization.held`, `device.owner_required`, `credential.invalid`, `store.unavailable`
   */
  async execute(request: IssueRequest): Promise<IssuedBootstrapToken> {
    const { by, mark } = request;
    const deed = {
      name: 'token.issue',
      organization: by.organization,
      actor: actorOf(by),
      subject: null,
      requestId: mark.requestId,
    } as const;
    const { issued, records } = await this.#parts.refused.watch(deed, () => this.#commit(request));
    this.#parts.endings.published(records);
    return issued;
  }

  async #commit(
    request: IssueRequest,
  ): Promise<{ readonly issued: IssuedBootstrapToken; readonly records: readonly OutboxRecord[] }> {
    for (let attempt = 1; ; attempt += 1) {
      try {
        return await this.#parts.transactions.run('service', async (tx) => {
          const ready = await this.#lockAndDecide(tx, request);
          // The device's generation goes up before anybody is given it, and before the token reads it.
          const records = await this.#endDevice(tx, request, ready);
          return { issued: await this.#write(tx, request, ready), records };
        });
      } catch (error) {
        if (!(error instanceof Moved) || attempt === ATTEMPTS) throw error;
      }
    }
  }

  async #lockAndDecide(tx: Tx, { by, deviceId, person }: IssueRequest): Promise<Ready> {
    const { people, devices, organizations, apiKeys, epoch } = this.#parts;
    const { organization } = by;
    const named = person === null ? null : await this.#named(tx, by, person);
    const { id: device, isNew } = await devices.ensure(tx, organization, deviceId);
    const name = { organization, device };
    const owner = named ?? onlyOne(await devices.owners(tx, name));
    // A device that may be about to get an owner is locked alone.
    const locked = await lockIssue(tx, organization, { user: owner, device }, named !== null);
    const decision = decideIssue({
      ...locked,
      owner,
      isNamed: named !== null,
      isNewDevice: isNew,
      holders: await devices.owners(tx, name),
      isActive: owner !== null && (await people.isActive(tx, organization, owner)),
      isKeyLive: await apiKeys.isLive(tx, organization, by.key),
      allowsOwnerless: owner === null && (await organizations.allowsOwnerless(tx, organization)),
      epoch,
    });
    if (decision === 'moved') throw new Moved();
    if ('refused' in decision) throw new DomainError(decision.refused, decision.detail);
    return { issue: decision, owner, device, isNewDevice: isNew, at: locked.at };
  }

  async #named(tx: Tx, { organization }: OpenApiKey, person: PersonReference): Promise<UserId> {
    const [user, another] = await this.#parts.people.whoIs(tx, organization, person);
    if (user === undefined) throw new DomainError('user.unknown');
    if (another !== undefined)
      throw new DomainError('user.ambiguous', 'the reference names several users');
    return user;
  }

  async #endDevice(
    tx: Tx,
    { by, mark }: IssueRequest,
    { issue, device, owner, at }: Ready,
  ): Promise<readonly OutboxRecord[]> {
    if (!issue.endsDevice) return [];
    const { organization } = by;
    const around = { organization, actor: actorOf(by), ...mark, at };
    const record = await this.#parts.endings.endUnowned(tx, { ...around, device, user: owner });
    return [record];
  }

  async #write(
    tx: Tx,
    { by, ttlS, mark }: IssueRequest,
    { issue, owner, device, isNewDevice, at }: Ready,
  ): Promise<IssuedBootstrapToken> {
    const { devices, audit, secrets } = this.#parts;
    const { organization } = by;
    const family = newId<FamilyId>();
    const { text, digest } = secrets.mint('bootstrap', family);
    const expiresAt = new Date(at.getTime() + ttlS * 1000);
    if (issue.assigns && owner !== null)
      await devices.assign(tx, { organization, device, user: owner });
    await insertFamily(tx, {
      id: family,
      organization,
      owner,
      device,
      apiKey: by.key,
      issued: issue.generations,
      bootstrapDigest: digest,
      at,
      bootstrapExpiresAt: expiresAt,
      expiresAt: new Date(at.getTime() + FAMILY_LIFE_MS),
    });
    const done = { organization, at, family, device, owner, isNewDevice, ...issue, ...mark };
    const entries = issueEntries(
      { ...done, actor: actorOf(by), bootstrapExpiresAt: expiresAt },
      newId<EntryId>,
    );
    await audit.append(tx, entries);
    return { token: text, expiresAt };
  }
}

const actorOf = ({ key }: OpenApiKey): Actor => ({ type: 'api_key', id: key });

const onlyOne = (holders: readonly UserId[]): UserId | null =>
  holders.length === 1 ? (holders[0] ?? null) : null;
