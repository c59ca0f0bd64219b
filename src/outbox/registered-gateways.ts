import { entryOf, type AuditEntry, type AuditLog } from '../audit/index.js';
import { DomainError } from '../kernel/domain-error.js';
import { newId, type EntryId, type GatewayId, type Id } from '../kernel/ids.js';
import type { Secret } from '../kernel/secret.js';
import type { Lane, Transactions } from '../kernel/tx.js';
import type { OpaqueSecrets } from '../platform/crypto/opaque-secrets.js';
import { Gateways, type Asking, type GatewayView, type ProcessName } from './gateways.js';
import { endProcess } from './postgres/end-process.js';
import { addGateway, digestOfGateway, removeGateway } from './postgres/gateways.js';
import { listGateways, type ProcessRow } from './postgres/list-gateways.js';

export interface GatewayParts {
  readonly transactions: Transactions;
  readonly audit: AuditLog;
  readonly secrets: OpaqueSecrets;
  readonly installation: Id<'installation'>;
  /** S, milliseconds. */
  readonly stalenessMs: number;
}

export class RegisteredGateways extends Gateways {
  readonly #parts: GatewayParts;

  constructor(parts: GatewayParts) {
    super();
    this.#parts = parts;
  }

  override async register(
    name: string,
    asking: Asking,
  ): Promise<{ readonly id: GatewayId; readonly key: string }> {
    const { transactions, audit, secrets } = this.#parts;
    const id = newId<GatewayId>();
    const { text, digest } = secrets.mint('gateway', id);
    await transactions.run('service', async (tx) => {
      if (!(await addGateway(tx, { id, name, digest })))
        throw new DomainError('gateway.name_taken', 'name: another gateway has it');
      const at = await audit.now(tx);
      await audit.append(tx, [this.#entry('gateway.registered', id, at, asking)]);
    });
    return { id, key: text.reveal() };
  }

  override async ensure(name: string, key: Secret): Promise<void> {
    const { transactions, audit, secrets } = this.#parts;
    const parsed = secrets.parse<'gateway'>('gateway', key.reveal());
    if (parsed === null) throw new TypeError('the key is no gateway key');
    await transactions.run('service', async (tx) => {
      const made = await addGateway(tx, {
        id: parsed.id,
        name,
        digest: secrets.form('gateway', parsed.id, secrets.bytesOf(parsed)).digest,
      });
      if (!made) return;
      const at = await audit.now(tx);
      const asking: Asking = {
        actor: { type: 'service', id: 'start' },
        requestId: newId<'request'>(),
      };
      await audit.append(tx, [this.#entry('gateway.registered', parsed.id, at, asking)]);
    });
  }

  override async remove(id: GatewayId, asking: Asking): Promise<void> {
    const { transactions, audit } = this.#parts;
    await transactions.run('service', async (tx) => {
      if (!(await removeGateway(tx, id))) throw new DomainError('gateway.unknown');
      const at = await audit.now(tx);
      await audit.append(tx, [this.#entry('gateway.deleted', id, at, asking)]);
    });
  }

  override async declareGone(process: ProcessName, asking: Asking): Promise<void> {
    const { transactions, audit, stalenessMs } = this.#parts;
    const { gateway, boot } = process;
    await transactions.run('service', async (tx) => {
      const end = await endProcess(tx, process, { by: 'operator', silentMs: stalenessMs });
      if (end === 'unknown') throw new DomainError('gateway.process_unknown');
      if (end === 'live') throw new DomainError('gateway.process_live');
      if (end === 'gone') return;
      const entry = this.#entry('gateway.process_gone', gateway, end.at, asking);
      await audit.append(tx, [{ ...entry, detail: { boot } }]);
    });
  }

  override async list(): Promise<readonly GatewayView[]> {
    const { transactions, stalenessMs } = this.#parts;
    const found = await transactions.read('service', (tx) => listGateways(tx, stalenessMs));
    return found.map(({ id, name, created_at, processes }) => ({
      id,
      name,
      created_at: created_at.toISOString(),
      processes: processes.map(viewOf),
    }));
  }

  override async authenticate(
    credential: string,
    lane: Lane = 'service',
  ): Promise<GatewayId | null> {
    const { transactions, secrets } = this.#parts;
    const parsed = secrets.parse<'gateway'>('gateway', credential);
    if (parsed === null) return null;
    const digest = await transactions.read(lane, (tx) => digestOfGateway(tx, parsed.id));
    return digest !== null && secrets.matches(digest, parsed) ? parsed.id : null;
  }

  #entry(
    action: 'gateway.registered' | 'gateway.deleted' | 'gateway.process_gone',
    id: GatewayId,
    at: Date,
    asking: Asking,
  ): AuditEntry {
    return entryOf({
      id: newId<EntryId>(),
      org: this.#parts.installation,
      at: at.toISOString(),
      action,
      outcome: 'success',
      actor: asking.actor,
      subject: { type: 'gateway', id },
      request_id: asking.requestId,
    });
  }
}

const viewOf = (row: ProcessRow): GatewayView['processes'][number] => ({
  boot: row.boot,
  version: row.version,
  policy: row.policy,
  state: row.gone_ms !== null ? 'gone' : row.is_live ? 'live' : 'silent',
  behind: row.is_behind,
  first_seen_at: new Date(row.first_seen_ms).toISOString(),
  last_seen_at: new Date(row.last_seen_ms).toISOString(),
  lease_until: new Date(row.lease_until_ms).toISOString(),
  gone_at: row.gone_ms === null ? null : new Date(row.gone_ms).toISOString(),
  view_age_ms: row.view_age_ms,
});
