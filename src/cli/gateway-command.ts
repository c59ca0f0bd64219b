import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { readSidecarConfig } from '../config/sidecar-config.js';
import { PinoLog } from '../platform/log/pino-log.js';
import { startSidecar } from '../sidecar/index.js';

const FLAGS = {
  listen: { type: 'string' },
  'ext-authz': { type: 'string' },
  id: { type: 'string' },
  policy: { type: 'string' },
  source: { type: 'string' },
  'foreign-tokens': { type: 'string' },
} as const;

/** The version in `package.json`, wherever the build stands. */
function version(): string {
  for (const place of ['../../package.json', '../../../package.json'])
    try {
      const text = readFileSync(new URL(place, import.meta.url), 'utf8');
      return (JSON.parse(text) as { readonly version: string }).version;
    } catch {
      // not there: the next place
    }
  return 'unknown';
}

/**
 * `offswitch gateway`: one sidecar, until a signal asks it to end.
 *
 * @returns the exit code
 * @throws ConfigRefused
 */
export async function gatewayCommand(parameters: readonly string[]): Promise<number> {
  const { values } = parseArgs({ args: [...parameters], options: FLAGS });
  const config = readSidecarConfig(process.env, values);
  const stopping = new AbortController();
  for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const)
    process.once(signal, () => {
      stopping.abort();
    });
  const log = new PinoLog({ level: config.logLevel, pretty: process.stdout.isTTY });
  const sidecar = await startSidecar({ ...config, version: version(), log, stop: stopping.signal });
  await sidecar.ended;
  return 0;
}
