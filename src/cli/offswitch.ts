#!/usr/bin/env node
import 'reflect-metadata';
import { parseArgs } from 'node:util';

const USAGE = `offswitch <command>

  demo [--json]             the whole story, against real servers
  gateway [--listen HOST:PORT|unix:PATH] [--ext-authz HOST:PORT|unix:PATH]
          [--id NAME] [--policy strict|balanced|best-effort] [--foreign-tokens accept|refuse]
                            one gateway, answering at /authz, and Envoy over gRPC
  gateways [--json]         who follows, how fresh, who is behind
  gateways gone PROCESS…    an ended process that could not say so counts no longer
  watch [--json]            revocations and gateways' receipts, as they happen
  keys                      new secrets for an installation
  migrate [--privileged]    bring the database up to this version (DATABASE_OWNER_URL)
  recover [--revoke-all]    after a restore of the database, or a failover that may have lost something
  outbox list | outbox retry DIGEST… | outbox retry --all
                            records that the broker refused; have them sent again
  partitions COUNT          more partitions for the revocations topic, while everything runs

The service itself: \`npm start\`, or \`node dist/src/main.js\`. Variables: docs/operations.md.
`;

// Each command loads what it needs: a gateway starts without the service's ORM and framework.
async function run([command, ...parameters]: readonly string[]): Promise<number> {
  if (command === 'help' || [command, ...parameters].includes('--help')) {
    process.stdout.write(USAGE);
    return 0;
  }
  switch (command) {
    case 'demo': {
      const { values } = parseArgs({
        args: [...parameters],
        options: { json: { type: 'boolean' } },
      });
      return (await import('./demo/demo.js')).demo(values.json ?? false);
    }
    case 'gateway':
      return (await import('./gateway-command.js')).gatewayCommand(parameters);
    case 'gateways':
      return (await import('./gateways-command.js')).gatewaysCommand(parameters);
    case 'watch':
      return (await import('./watch-command.js')).watchCommand(parameters);
    case 'keys':
      return (await import('./keys-command.js')).keysCommand();
    case 'migrate': {
      const options = { privileged: { type: 'boolean' } } as const;
      const { values } = parseArgs({ args: [...parameters], options });
      return (await import('./migrate-command.js')).migrateCommand(values.privileged ?? false);
    }
    case 'recover':
      return (await import('./recover-command.js')).recoverCommand(parameters);
    case 'outbox':
      return (await import('./outbox-command.js')).outboxCommand(parameters);
    case 'partitions':
      return (await import('./partitions-command.js')).partitionsCommand(parameters);
    case undefined:
    default:
      process.stderr.write(USAGE);
      return 2;
  }
}

run(process.argv.slice(2)).then(
  (code) => process.exit(code),
  (error: unknown) => {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
    process.exit(1);
  },
);
