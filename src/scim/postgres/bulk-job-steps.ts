import type { OrganizationId } from '../../kernel/ids.js';
import type { Tx } from '../../kernel/tx.js';
import { rows, sql, touch } from '../../platform/postgres/rows.js';
import type { Place } from '../bulk.js';

/** Of which job. */
export interface JobKey {
  readonly organization: OrganizationId;
  readonly id: string;
}

const list = sql(
  'scim.bulk_job_steps',
  `select operation as index, step, done from bulk_job_steps where organization_id = $1 and job_id = $2`,
);

export const listSteps = (
  tx: Tx,
  { organization, id }: JobKey,
): Promise<(Place & { readonly done: unknown })[]> => rows(tx, list, [organization, id]);

const write = sql(
  'scim.write_bulk_job_step',
  `insert into bulk_job_steps (organization_id, job_id, operation, step, done) values ($1, $2, $3, $4, $5)
   on conflict do nothing`,
);

/** @returns false when there is a word about it already; whoever is writing one is waited for */
export const writeStep = async (
  tx: Tx,
  { organization, id }: JobKey,
  { index, step, done }: Place & { readonly done: object },
): Promise<boolean> =>
  (await touch(tx, write, [organization, id, index, step, JSON.stringify(done)])) > 0;
