import { randomBytes } from 'node:crypto';
import { newId } from '../kernel/ids.js';
import { OpaqueSecrets } from '../platform/crypto/opaque-secrets.js';
import { generatePrivateJwks } from '../platform/crypto/private-jwks.js';

/** `offswitch keys`: new secrets for an installation, as lines for an environment file. Nothing is kept. */
export function keysCommand(): number {
  const pepper = randomBytes(32);
  const lines = {
    OFFSWITCH_PEPPER: pepper.toString('base64'),
    OFFSWITCH_ENCRYPTION_KEY: randomBytes(32).toString('base64'),
    OFFSWITCH_TOKEN_KEYS: JSON.stringify(generatePrivateJwks()),
    OFFSWITCH_RECORD_KEYS: JSON.stringify(generatePrivateJwks()),
    OFFSWITCH_ADMIN_KEY: new OpaqueSecrets(pepper).mint('admin', newId()).text.reveal(),
  };
  for (const [name, value] of Object.entries(lines)) console.log(`${name}='${value}'`);
  return 0;
}
