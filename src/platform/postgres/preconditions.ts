import { Transactions } from '../../kernel/tx.js';
import { rows, sql } from './rows.js';
import { privilegedState } from './privileged-state.js';
import { demandSchema, schemaState } from './schema-state.js';

/** What a start says about the database it found. */
export interface Preconditions {
  /** False when PostgreSQL may forget what it acknowledged. */
  readonly isDurable: boolean;
  readonly warnings: readonly string[];
}

const settings = sql(
  'start.settings',
  `select current_setting('fsync') as fsync, current_setting('synchronous_commit') as commit,
          current_setting('full_page_writes') as pages`,
);

/**
 * Refuses a database that does not fit the code, and warns of one that promises less.
 *
 * @throws DomainError `store.schema_behind`, `store.schema_newer`, `store.unavailable`
 */
export const preconditions = (transactions: Transactions): Promise<Preconditions> =>
  transactions.read('service', async (tx) => {
    demandSchema(await schemaState(tx));
    const { missing } = await privilegedState(tx);
    const [found] = await rows<{ fsync: string; commit: string; pages: string }>(tx, settings);
    const loose = [
      ...(found?.fsync === 'on'
        ? []
        : ['fsync is off: acknowledged revocations may be lost with the host']),
      ...(found?.pages === 'on' ? [] : ['full_page_writes is off: a crash may tear pages']),
      ...(found?.commit === 'off'
        ? ['synchronous_commit is off: acknowledged revocations may be lost']
        : []),
    ];
    return {
      isDurable: loose.length === 0,
      warnings: [
        ...loose,
        ...missing.map(
          (what) => `the audit schema is not hardened: ${what}; run migrate --privileged`,
        ),
      ],
    };
  });
