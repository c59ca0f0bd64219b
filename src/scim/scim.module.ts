import { Module, type OnApplicationBootstrap, type OnApplicationShutdown } from '@nestjs/common';
import { AuditModule } from '../audit/audit.module.js';
import { AuditLog } from '../audit/index.js';
import { ServiceConfig } from '../config/service-config.js';
import { DeprovisionModule } from '../deprovision/deprovision.module.js';
import { Deprovision, ResourceEvents } from '../deprovision/index.js';
import { DirectoryModule } from '../directory/directory.module.js';
import { Groups, Resources } from '../directory/index.js';
import { Clock } from '../kernel/clock.js';
import { Transactions } from '../kernel/tx.js';
import { Sealer } from '../platform/crypto/sealer.js';
import { ErrorRenderers } from '../platform/http/error-renderers.js';
import { Log } from '../platform/log/log.js';
import { Loops } from '../platform/loop/loops.js';
import { Retention } from '../platform/loop/retention.js';
import { built } from '../platform/module/built.js';
import { ScimBulk } from './bulk.js';
import { Cursors } from './cursors.js';
import { GroupsOfPeople } from './groups-of-people.js';
import { ScimGroups } from './groups.js';
import { BulkJobs } from './jobs/bulk-jobs.js';
import { JobRunner } from './jobs/job-runner.js';
import { deleteOldJobs } from './postgres/bulk-jobs.js';
import { BulkController } from './http/bulk.controller.js';
import { DiscoveryController } from './http/discovery.controller.js';
import { GroupsController } from './http/groups.controller.js';
import { PREFIX, ScimRoot } from './http/scim-root.js';
import { ScimErrors } from './http/scim-errors.js';
import { SearchController } from './http/search.controller.js';
import { UsersController } from './http/users.controller.js';
import { RefusedChanges } from './refused-changes.js';
import { ScimSearch } from './search.js';
import { Throttle } from './throttle.js';
import { ScimUsers } from './users.js';

/** How long one can ask what became of a request that was put off. */
const OUTCOME_HOURS = 24;

/** What the room is made of, whoever makes the rooms that it asks. */
export const scimRoom = {
  controllers: [
    UsersController,
    GroupsController,
    BulkController,
    SearchController,
    DiscoveryController,
  ],
  providers: [
    built(
      ScimUsers,
      {
        heart: Deprovision,
        resources: Resources,
        transactions: Transactions,
        audit: AuditLog,
        log: Log,
      },
      ({ heart, resources, ...parts }) =>
        new ScimUsers(heart, resources, new RefusedChanges(parts)),
    ),
    built(
      ScimGroups,
      {
        heart: Deprovision,
        groups: Groups,
        transactions: Transactions,
        audit: AuditLog,
        log: Log,
      },
      ({ heart, groups, ...parts }) => new ScimGroups(heart, groups, new RefusedChanges(parts)),
    ),
    built(
      ScimBulk,
      {
        users: ScimUsers,
        groups: ScimGroups,
        clock: Clock,
        transactions: Transactions,
        audit: AuditLog,
        log: Log,
      },
      ({ users, groups, clock, ...parts }) =>
        new ScimBulk({ users, groups, clock, refused: new RefusedChanges(parts) }),
    ),
    built(GroupsOfPeople, { groups: Groups }, ({ groups }) => new GroupsOfPeople(groups)),
    built(
      BulkJobs,
      { transactions: Transactions, sealer: Sealer },
      ({ transactions, sealer }) => new BulkJobs(transactions, sealer),
    ),
    built(
      JobRunner,
      {
        transactions: Transactions,
        bulk: ScimBulk,
        jobs: BulkJobs,
        events: ResourceEvents,
        sealer: Sealer,
        log: Log,
      },
      (parts) => new JobRunner(parts),
    ),
    built(
      ScimSearch,
      { resources: Resources, groups: Groups, sealer: Sealer, clock: Clock },
      ({ resources, groups, sealer, clock }) =>
        new ScimSearch(resources, groups, new Cursors(sealer, clock)),
    ),
    {
      provide: Throttle,
      inject: [ServiceConfig, Clock],
      useFactory: ({ scimRate }: ServiceConfig, clock: Clock) => new Throttle(scimRate, clock),
    },
    {
      provide: ScimRoot,
      inject: [ServiceConfig],
      useFactory: (config: ServiceConfig) => new ScimRoot(config),
    },
    {
      provide: ScimErrors,
      inject: [ErrorRenderers],
      useFactory: (renderers: ErrorRenderers) => ScimErrors.below(renderers, PREFIX),
    },
  ],
};

/** Porch 1: SCIM 2.0. */
@Module({ imports: [AuditModule, DirectoryModule, DeprovisionModule], ...scimRoom })
export class ScimModule implements OnApplicationBootstrap, OnApplicationShutdown {
  readonly #runner: JobRunner;
  readonly #loops: Loops;
  readonly #old: Retention;

  constructor(runner: JobRunner, transactions: Transactions, log: Log) {
    this.#runner = runner;
    this.#loops = new Loops(log);
    this.#old = new Retention({
      transactions,
      log,
      what: 'bulk requests',
      deleteSome: (tx, limit) => deleteOldJobs(tx, OUTCOME_HOURS, limit),
    });
  }

  onApplicationBootstrap(): void {
    this.#loops.start('bulk requests', (stop) => this.#runner.run(stop));
    this.#loops.start('old bulk requests', (stop) => this.#old.run(stop));
  }

  /** What is under way comes to its end; what has not begun is left to another process. */
  onApplicationShutdown(): Promise<void> {
    return this.#loops.stop();
  }
}
