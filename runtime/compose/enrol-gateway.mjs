/**
 * Makes the key of the gateway in docker-compose.yml, once: POST /v1/gateways with the installation key, and the answer's
 * key into OFFSWITCH_GATEWAY_KEY_FILE, which only the gateway reads.
 */
import { existsSync, renameSync, writeFileSync } from 'node:fs';

const {
  OFFSWITCH_URL: url,
  OFFSWITCH_ADMIN_KEY: adminKey,
  OFFSWITCH_GATEWAY_KEY_FILE: file,
  GATEWAY_NAME: name,
} = process.env;

if (existsSync(file)) process.exit(0);
const answer = await fetch(`${url}/v1/gateways`, {
  method: 'POST',
  headers: { authorization: `Bearer ${adminKey}`, 'content-type': 'application/json' },
  body: JSON.stringify({ name }),
});
if (answer.status !== 201) {
  const why = answer.status === 409 ? ' Its key was lost: give it another GATEWAY_NAME.' : '';
  console.error(`The gateway "${name}" could not be enrolled (${answer.status}).${why}`);
  process.exit(1);
}
const { key } = await answer.json();
writeFileSync(`${file}.new`, key, { mode: 0o600 });
renameSync(`${file}.new`, file);
console.log(`The gateway "${name}" is enrolled.`);
