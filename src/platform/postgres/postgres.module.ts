import { Module, type DynamicModule } from '@nestjs/common';
import { getDataSourceToken, TypeOrmModule } from '@nestjs/typeorm';
import type { DataSource } from 'typeorm';
import type { Secret } from '../../kernel/secret.js';
import { Transactions } from '../../kernel/tx.js';
import { DatabaseGuard } from './database-guard.js';
import { byLane, laneOptions, LANES } from './lanes.js';
import { PostgresTransactions } from './postgres-transactions.js';

/** Gives every room {@link Transactions}, on one pool per lane. The pools close when the app does. */
@Module({})
export class PostgresModule {
  static at(url: Secret, guard: DatabaseGuard): DynamicModule {
    return {
      module: PostgresModule,
      global: true,
      imports: LANES.map((lane) =>
        TypeOrmModule.forRoot({
          ...laneOptions(lane, url, guard),
          name: lane,
          retryAttempts: 3,
          retryDelay: 500,
        }),
      ),
      providers: [
        {
          provide: Transactions,
          inject: LANES.map((lane) => getDataSourceToken(lane)),
          useFactory: (...lanes: readonly DataSource[]) =>
            new PostgresTransactions(byLane(lanes), guard),
        },
        { provide: DatabaseGuard, useValue: guard },
      ],
      exports: [Transactions, DatabaseGuard],
    };
  }
}
