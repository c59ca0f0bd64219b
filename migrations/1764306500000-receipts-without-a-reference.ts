import type { MigrationInterface, QueryRunner } from 'typeorm';

/** What gateways have applied is the largest table there is: a row for each record and process. */
export class ReceiptsWithoutAReference1764306500000 implements MigrationInterface {
  readonly name = 'ReceiptsWithoutAReference1764306500000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      -- Looking the process up for each row cost more than the row. The statement that writes them joins with the
      -- processes, and no process is ever deleted.
      alter table gateway_applied drop constraint gateway_applied_gateway_id_boot_fkey;
    `);
  }

  async down(): Promise<void> {
    await Promise.reject(new Error('migrations only go forward'));
  }
}
