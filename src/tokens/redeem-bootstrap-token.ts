import type { AuditLog } from '../audit/index.js';
import { DomainError } from '../kernel/domain-error.js';
import { newId, type EntryId } from '../kernel/ids.js';
import type { Transactions, Tx } from '../kernel/tx.js';
import type { RotatingSecrets } from '../platform/crypto/rotating-secrets.js';
import type { RequestMark } from '../platform/http/request.js';
import type { AccessMinter, DeviceTokenAnswer, Minting } from './access-minter.js';
import type { ShownSecret } from './device-door.js';
import { decideRedemption, type Redeemer } from './domain/decide-redemption.js';
import { deviceActor, mintedEntry } from './domain/entries.js';
import type { Family } from './domain/family.js';
import { lockFamily } from './postgres/lock-family.js';
import { redeemFamily } from './postgres/redeem-family.js';
import type { RefusedDeeds } from './refused-deeds.js';

export interface RedeemRequest {
  /** The bootstrap token that the door has let in. */
  readonly shown: ShownSecret;
  readonly redeemer: Redeemer;
  readonly scopes: readonly string[];
  /** How long its access tokens will live, seconds. */
  readonly accessTtlS: number;
  readonly mark: RequestMark;
}

interface Parts {
  readonly transactions: Transactions;
  readonly audit: AuditLog;
  readonly refused: RefusedDeeds;
  readonly rotating: RotatingSecrets;
  readonly minter: AccessMinter;
  /** What a device may ask for. */
  readonly deviceScopes: readonly string[];
}

/** A device gets its device token for a bootstrap token: once. */
export class RedeemBootstrapToken {
  readonly #parts: Parts;

  constructor(parts: Parts) {
    this.#parts = parts;
  }

  /**
   * @throws DomainError `token.invalid` when it is used, expired or dead;
   *   `token.bound_elsewhere`; `user.held`, `device.held`, `organization.held`; `request.invalid_value` for a scope
   *   that no device gets; `token.no_signing_key`; `store.unavailable`
   */
  async execute(request: RedeemRequest): Promise<DeviceTokenAnswer> {
    const { refused, deviceScopes, transactions, rotating, minter } = this.#parts;
    const { shown } = request;
    if (!request.scopes.every((scope) => deviceScopes.includes(scope)))
      throw new DomainError(
        'request.invalid_value',
        `scopes: a device may have ${deviceScopes.join(', ')}`,
      );
    const refresh = rotating.first(shown.family);
    const deed = {
      name: 'token.redeem',
      organization: shown.organization,
      actor: deviceActor(shown),
      subject: { type: 'family', id: shown.family },
      requestId: request.mark.requestId,
    } as const;
    const { family, minting } = await refused.watch(deed, () =>
      transactions.run('service', (tx) => this.#redeem(tx, shown, request, refresh.digest)),
    );
    return minter.answer(family, minting, refresh.text);
  }

  async #redeem(
    tx: Tx,
    shown: ShownSecret,
    request: RedeemRequest,
    refreshDigest: Uint8Array,
  ): Promise<{ readonly family: Family; readonly minting: Minting }> {
    const found = await lockFamily(tx, shown.organization, shown.family);
    if (found === null) throw new DomainError('token.invalid');
    const no = decideRedemption(found, request.redeemer);
    if (no !== null) throw new DomainError(no.refused, no.detail);
    const family = { ...found, scopes: request.scopes, accessTtlS: request.accessTtlS };
    if (!(await redeemFamily(tx, family, refreshDigest))) throw new DomainError('token.invalid');
    const minting = this.#parts.minter.prepare(family);
    await this.#parts.audit.append(tx, [
      mintedEntry(family, minting.claims, {
        id: newId<EntryId>(),
        requestId: request.mark.requestId,
        action: 'token.redeemed',
        counter: 0,
        isRepeat: false,
      }),
    ]);
    return { family, minting };
  }
}
