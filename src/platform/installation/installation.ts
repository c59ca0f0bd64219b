import type { Id } from '../../kernel/ids.js';
import { newId } from '../../kernel/ids.js';
import type { Tx } from '../../kernel/tx.js';
import { ensureInstallation } from './postgres/ensure-installation.js';

/** Who this service is: one row of its database, the same for every replica. */
export class Installation {
  constructor(
    readonly id: Id<'installation'>,
    /** `iss` of our access tokens. */
    readonly issuer: string,
    /** Raised by `recover`; gateways ignore what an older epoch says. */
    readonly epoch: number,
    /** Of the revocations topic. */
    readonly partitions: number,
  ) {}

  /**
   * The installation of this database; the first start makes it.
   *
   * @param issuer from the configuration; without one the installation names itself `urn:offswitch:<uuid>`, so that
   *   a port that changes changes nothing
   */
  static async of(tx: Tx, issuer: string | null): Promise<Installation> {
    const id = newId<Id<'installation'>>();
    const row = await ensureInstallation(tx, id, issuer ?? `urn:offswitch:${id}`);
    return new Installation(row.id, issuer ?? row.issuer, Number(row.epoch), row.partitions);
  }
}
