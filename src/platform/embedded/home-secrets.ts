import { randomBytes } from 'node:crypto';
import { chmod, mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { newId } from '../../kernel/ids.js';
import { OpaqueSecrets } from '../crypto/opaque-secrets.js';
import { generatePrivateJwks } from '../crypto/private-jwks.js';

/** What the home keeps between starts, mode 600. */
export interface HomeSecrets {
  readonly pepper: string;
  readonly encryptionKey: string;
  readonly tokenKeys: string;
  readonly recordKeys: string;
  readonly adminKey: string;
  /** Of the gateway that is there from the first start, so that one can be tried at once. */
  readonly gatewayKey: string;
  readonly ownerPassword: string;
  readonly servicePassword: string;
  readonly auditorPassword: string;
}

/** The secrets of a home; the first start makes them. */
export async function secretsIn(home: string): Promise<HomeSecrets> {
  // Every file in it that holds a secret is of mode 600; the account that runs PostgreSQL must be able to walk through.
  await mkdir(home, { recursive: true });
  await chmod(home, 0o711);
  const file = join(home, 'secrets.json');
  try {
    return JSON.parse(await readFile(file, 'utf8')) as HomeSecrets;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
  }
  const made = madeSecrets();
  // A crash while writing must not leave half a file: the new one takes its name when it is whole.
  const draft = `${file}.${randomBytes(4).toString('hex')}`;
  await writeFile(draft, JSON.stringify(made, null, 2), { mode: 0o600 });
  await rename(draft, file);
  return made;
}

function madeSecrets(): HomeSecrets {
  const pepper = randomBytes(32);
  const secrets = new OpaqueSecrets(pepper);
  const password = () => randomBytes(24).toString('base64url');
  return {
    pepper: pepper.toString('base64'),
    encryptionKey: randomBytes(32).toString('base64'),
    tokenKeys: JSON.stringify(generatePrivateJwks()),
    recordKeys: JSON.stringify(generatePrivateJwks()),
    adminKey: secrets.mint('admin', newId()).text.reveal(),
    gatewayKey: secrets.mint('gateway', newId()).text.reveal(),
    ownerPassword: password(),
    servicePassword: password(),
    auditorPassword: password(),
  };
}
