import type { MigrationInterface, QueryRunner } from 'typeorm';

/** PostgreSQL took the lists of each call for worth a plan of their own, which cost four times what they then took. */
export class LeaversPlannedOnce1764313900000 implements MigrationInterface {
  readonly name = 'LeaversPlannedOnce1764313900000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(
      'alter function lock_resources(uuid, uuid[], uuid[]) set plan_cache_mode = force_generic_plan',
    );
  }

  async down(): Promise<void> {
    await Promise.reject(new Error('migrations only go forward'));
  }
}
