import { parseArgs } from 'node:util';
import { newId } from '../kernel/ids.js';
import { StoredRefusedRecords } from '../outbox/stored-refused-records.js';
import { besideService } from './beside-service.js';

const USAGE =
  'offswitch outbox list | offswitch outbox retry DIGEST… | offswitch outbox retry --all\n';

/** One of 64 begins with a hyphen, and is no option all the same. */
const DIGEST = /^[\w-]{43}$/u;

/**
 * `offswitch outbox`: records that the broker refused, and having them sent again while everything runs.
 *
 * @returns the exit code
 * @throws DomainError `record.unknown` for a record that was not refused, or has been sent since
 */
export function outboxCommand(parameters: readonly string[]): Promise<number> {
  const { values, positionals } = parseArgs({
    args: parameters.filter((text) => !DIGEST.test(text)),
    options: { all: { type: 'boolean' } },
    allowPositionals: true,
  });
  const [deed, ...rest] = positionals;
  const digests = [...rest, ...parameters.filter((text) => DIGEST.test(text))];
  const isAll = values.all === true;
  const isList = deed === 'list' && digests.length === 0 && !isAll;
  const isRetry = deed === 'retry' && digests.length > 0 !== isAll;
  if (!isList && !isRetry) {
    process.stderr.write(USAGE);
    return Promise.resolve(2);
  }
  return besideService(async ({ transactions, audit, installation }) => {
    const refused = new StoredRefusedRecords({
      transactions,
      audit,
      installation: installation.id,
    });
    const found = await refused.list();
    if (isList) {
      for (const { digest, state, refused_at, case: of, refusal } of found)
        console.log([digest, state, refused_at, of, refusal].join('  '));
      console.log(`${found.length} records`);
      return 0;
    }
    const asking = { actor: { type: 'service', id: 'cli' }, requestId: newId() } as const;
    const wanted = isAll ? found.map(({ digest }) => digest) : digests;
    for (const digest of wanted) await refused.retry(digest, asking);
    console.log(`${wanted.length} records are queued again; a sweeper sends them within seconds.`);
    return 0;
  });
}
