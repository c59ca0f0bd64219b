// P4: nothing is undone: what a migration did to a database stays what its text says.
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import { migrations } from '../../migrations/index.js';
import { inProject } from '../support/from-source.js';

const MANIFEST = 'test/fixtures/migrations.sha256';
const files = readdirSync(inProject('migrations'))
  .filter((name) => /^\d/u.test(name))
  .sort();

describe('migrations', () => {
  // A new migration adds its line: sha256sum migrations/[0-9]*.ts > test/fixtures/migrations.sha256
  // The line of a released migration never changes: databases out there have run the old text.
  it('have the texts that they were released with', () => {
    const now = files.map((name) => {
      const text = readFileSync(inProject(`migrations/${name}`));
      return `${createHash('sha256').update(text).digest('hex')}  migrations/${name}`;
    });
    expect(now).toEqual(readFileSync(inProject(MANIFEST), 'utf8').trim().split('\n'));
  });

  it('are all listed, in order, under a name that carries their time', () => {
    const listed = migrations.map((Migration) => new Migration().name);
    expect(listed.map((name) => name.slice(-13))).toEqual(files.map((name) => name.slice(0, 13)));
    expect(listed).toEqual(migrations.map(({ name }) => name));
  });

  it.each(migrations.map((Migration) => new Migration()))(
    '$name only goes forward',
    async (each) => {
      await expect(each.down(undefined as never)).rejects.toThrow('only go forward');
    },
  );
});
