import { readOwnerUrl } from '../config/read-owner-url.js';
import { migrate, migratePrivileged } from '../platform/postgres/migrate.js';

/**
 * `offswitch migrate [--privileged]`: as the owner (`DATABASE_OWNER_URL`), or once as a superuser.
 *
 * @returns the exit code
 */
export async function migrateCommand(privileged: boolean): Promise<number> {
  const url = readOwnerUrl(process.env);
  if (url === null) {
    console.error(
      'DATABASE_OWNER_URL: is required. The embedded database is migrated by every start.',
    );
    return 1;
  }
  const ran = privileged
    ? await migratePrivileged({ url: url.reveal() })
    : await migrate({ url: url.reveal() });
  console.log(ran.length === 0 ? 'The database is up to date.' : `Ran ${ran.join(', ')}.`);
  return 0;
}
