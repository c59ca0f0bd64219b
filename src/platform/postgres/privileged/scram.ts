import { createHash, createHmac, pbkdf2Sync, randomBytes } from 'node:crypto';

/** PostgreSQL's own default (scram_iterations). */
const ITERATIONS = 4096;
const SALT_BYTES = 16;

/**
 * A password as PostgreSQL stores it (RFC 5803; src/common/scram-common.c), made here so that the password itself
 * reaches neither the server nor its log. Printable ASCII only: other text would need SASLprep (RFC 4013).
 *
 * @throws TypeError
 */
export function scramVerifier(password: string): string {
  if (!/^[\x21-\x7e]+$/.test(password))
    throw new TypeError('a database password of ours is printable ASCII');
  const salt = randomBytes(SALT_BYTES);
  const salted = pbkdf2Sync(password, salt, ITERATIONS, 32, 'sha256');
  const keyed = (label: string): Buffer => createHmac('sha256', salted).update(label).digest();
  const stored = createHash('sha256').update(keyed('Client Key')).digest('base64');
  return `SCRAM-SHA-256$${ITERATIONS}:${salt.toString('base64')}$${stored}:${keyed('Server Key').toString('base64')}`;
}
