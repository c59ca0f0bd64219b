import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Whoever leaves may have a thousand device tokens, and all of them are marked at once. */
export class RoomForMarks1764309200000 implements MigrationInterface {
  readonly name = 'RoomForMarks1764309200000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      -- A row that is marked becomes a second one beside it. Where all rows of a page are one person's, a page that is more
      -- than half full has no room for that: most went to other pages, each with four new index entries. Holds for pages
      -- that are filled from now on.
      alter table device_tokens set (fillfactor = 50);
    `);
  }

  async down(): Promise<void> {
    await Promise.reject(new Error('migrations only go forward'));
  }
}
