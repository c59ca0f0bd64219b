import type { MigrationInterface, QueryRunner } from 'typeorm';

/** By what a SCIM client proves who it is: by its secret, also as HTTP Basic, or by keys of its own alone. */
export class WhatConnectionsAccept1764303100000 implements MigrationInterface {
  readonly name = 'WhatConnectionsAccept1764303100000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      alter table connections add column accepts text not null default 'bearer' check (accepts in ('bearer', 'basic', 'keys'));
      grant update (accepts) on connections to offswitch_service;
    `);
  }

  async down(): Promise<void> {
    await Promise.reject(new Error('migrations only go forward'));
  }
}
