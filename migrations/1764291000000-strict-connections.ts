import type { MigrationInterface, QueryRunner } from 'typeorm';

/** How much of what an IdP sends is understood: what they really send, or the interoperability profile to the letter. */
export class StrictConnections1764291000000 implements MigrationInterface {
  readonly name = 'StrictConnections1764291000000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      alter table connections add column interop text not null default 'tolerant' check (interop in ('tolerant', 'strict'));
      grant update (interop) on connections to offswitch_service;
    `);
  }

  async down(): Promise<void> {
    await Promise.reject(new Error('migrations only go forward'));
  }
}
