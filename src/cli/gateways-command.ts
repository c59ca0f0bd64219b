import { parseArgs } from 'node:util';
import { DomainError } from '../kernel/domain-error.js';
import { newId, type GatewayId } from '../kernel/ids.js';
import type { Gateways, GatewayView } from '../outbox/index.js';
import { RegisteredGateways } from '../outbox/registered-gateways.js';
import { OpaqueSecrets } from '../platform/crypto/opaque-secrets.js';
import { besideService } from './beside-service.js';

const USAGE = 'offswitch gateways [--json] | offswitch gateways gone PROCESS…\n';

/**
 * `offswitch gateways`: who follows, how fresh, who is behind; and an operator's word that a process is gone.
 *
 * @returns the exit code
 * @throws DomainError `gateway.process_unknown`, `gateway.process_live`
 */
export function gatewaysCommand(parameters: readonly string[]): Promise<number> {
  const { values, positionals } = parseArgs({
    args: [...parameters],
    options: { json: { type: 'boolean' } },
    allowPositionals: true,
  });
  const [deed, ...boots] = positionals;
  if (deed !== undefined && (deed !== 'gone' || boots.length === 0)) {
    process.stderr.write(USAGE);
    return Promise.resolve(2);
  }
  return besideService(async ({ config, settled, transactions, audit, installation }) => {
    const gateways = new RegisteredGateways({
      transactions,
      audit,
      secrets: new OpaqueSecrets(Buffer.from(settled.secrets.pepper.reveal(), 'base64')),
      installation: installation.id,
      stalenessMs: config.stalenessMs,
    });
    const found = await gateways.list();
    if (deed === 'gone') await declareGone(gateways, found, boots);
    else if (values.json === true) console.log(JSON.stringify({ gateways: found }));
    else for (const line of linesOf(found, Date.now())) console.log(line);
    return 0;
  });
}

async function declareGone(
  gateways: Gateways,
  found: readonly GatewayView[],
  boots: readonly string[],
): Promise<void> {
  const asking = { actor: { type: 'service', id: 'cli' }, requestId: newId() } as const;
  for (const boot of boots) {
    const owner = found.find(({ processes }) => processes.some((one) => one.boot === boot));
    if (owner === undefined) throw new DomainError('gateway.process_unknown');
    await gateways.declareGone({ gateway: owner.id as GatewayId, boot }, asking);
    console.log(`${owner.name} ${boot} counts for no case from now on`);
  }
}

const HEAD = ['GATEWAY', 'PROCESS', 'POLICY', 'STATE', 'VIEW', 'HEARD', 'VERSION'] as const;

export function linesOf(gateways: readonly GatewayView[], nowMs: number): string[] {
  const table: (readonly string[])[] = [
    HEAD,
    ...gateways.flatMap(({ name, processes }) =>
      processes.length === 0
        ? [[name, '-', '-', 'never seen', '-', '-', '-']]
        : processes.map((one) => [
            name,
            one.boot,
            one.policy,
            standingOf(one),
            one.view_age_ms === null ? '-' : seconds(one.view_age_ms),
            `${seconds(nowMs - Date.parse(one.last_seen_at))} ago`,
            one.version,
          ]),
    ),
  ];
  const widths = HEAD.map((_, column) =>
    Math.max(...table.map((cells) => (cells[column] ?? '').length)),
  );
  const live = gateways.flatMap(({ processes }) => processes).filter(isLive);
  return [
    ...table.map((cells) =>
      cells
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join('  ')
        .trimEnd(),
    ),
    `${gateways.length} gateways, ${live.length} processes live, ${live.filter(({ behind }) => behind).length} of them behind`,
  ];
}

type Process = GatewayView['processes'][number];

const isLive = ({ state }: Process): boolean => state === 'live';

const standingOf = (one: Process): string =>
  isLive(one) ? (one.behind ? 'behind' : 'fresh') : one.state;

const seconds = (ms: number): string => `${(Math.max(0, ms) / 1_000).toFixed(1)} s`;
