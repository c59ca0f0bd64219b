import 'reflect-metadata';
import { once } from 'node:events';
import { chmod, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ConfigRefused, type Config } from './config/config.js';
import { readConfig } from './config/read-config.js';
import { DomainError } from './kernel/domain-error.js';
import { settle, type Settled } from './platform/embedded/settle.js';
import { EmbeddedUnavailable } from './platform/embedded/start-embedded.js';
import { PinoLog } from './platform/log/pino-log.js';
import type { Log } from './platform/log/log.js';
import { startService, type Service } from './start-service.js';

/** Aborted, with the signal as its reason, by the first one that asks the process to end. */
const asked = new AbortController();
for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const)
  process.once(signal, () => {
    asked.abort(signal);
  });
const isAsked = (): boolean => asked.signal.aborted;

async function main(): Promise<void> {
  const config = readConfig(process.env);
  const log = new PinoLog({ level: config.logLevel, pretty: process.stdout.isTTY });
  if (config.database === null || config.kafka === null)
    log.info('starting the embedded servers', { home: config.home });
  const settled = await settle(config, (server, file) => {
    log.error('an embedded server ended by itself', { server, file });
    process.exitCode = 1;
  });
  try {
    // Whoever was asked to end while it started does not say that it is there.
    if (isAsked()) return;
    const service = await startService(config, settled, log);
    if (!isAsked()) {
      await announce(config, settled, service);
      log.info('listening', { url: service.url });
    }
    await serveUntilAsked(service, log);
  } finally {
    await settled.release();
  }
}

/** Ends in order: answers under way, loops, pools, and only then the servers. */
async function serveUntilAsked(service: Service, log: Log): Promise<void> {
  if (!isAsked()) await once(asked.signal, 'abort');
  log.info('draining', { signal: asked.signal.reason as NodeJS.Signals });
  await service.close();
  log.info('stopped');
}

/** Where to find this service, for the gateway and the command line beside it. */
async function announce(config: Config, settled: Settled, service: Service): Promise<void> {
  if (settled.gatewayKey === null) return;
  const file = join(config.home, 'local.json');
  const local = {
    url: service.url,
    adminKey: settled.secrets.adminKey.reveal(),
    gatewayKey: settled.gatewayKey.reveal(),
    databaseUrl: settled.databaseUrl.reveal(),
    kafkaBrokers: settled.kafka.brokers.join(','),
  };
  await writeFile(file, `${JSON.stringify(local, null, 2)}\n`, { mode: 0o600 });
  await chmod(file, 0o600);
}

/** HOST and PORT are the operator's, and the message names both: a stack would say nothing more. */
const isAddressTaken = (error: unknown): error is Error =>
  error instanceof Error && 'syscall' in error && error.syscall === 'listen';

main().then(
  () => process.exit(),
  (error: unknown) => {
    const expected =
      error instanceof ConfigRefused ||
      error instanceof EmbeddedUnavailable ||
      error instanceof DomainError ||
      isAddressTaken(error);
    process.stderr.write(
      `${expected ? error.message : String(error instanceof Error ? error.stack : error)}\n`,
    );
    process.exit(1);
  },
);
