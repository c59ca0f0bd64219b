import type { Id } from '../../../kernel/ids.js';
import type { Tx } from '../../../kernel/tx.js';
import { rows, sql } from '../../postgres/rows.js';

interface InstallationRow {
  readonly id: Id<'installation'>;
  readonly issuer: string;
  readonly epoch: string;
  readonly partitions: number;
}

const ensured = sql(
  'installation.ensure',
  'insert into installation (id, issuer) values ($1, $2) on conflict (one) do nothing',
);
const found = sql('installation.get', 'select id, issuer, epoch, partitions from installation');

/** The installation's row, made by whoever starts first. */
export async function ensureInstallation(
  tx: Tx,
  id: Id<'installation'>,
  issuer: string,
): Promise<InstallationRow> {
  await rows(tx, ensured, [id, issuer]);
  const [row] = await rows<InstallationRow>(tx, found);
  if (row === undefined) throw new TypeError('the installation has no row');
  return row;
}
