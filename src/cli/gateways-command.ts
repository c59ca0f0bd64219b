import { parseArgs } from 'node:util';
import type { GatewayView } from '../outbox/index.js';
import { RegisteredGateways } from '../outbox/registered-gateways.js';
import { OpaqueSecrets } from '../platform/crypto/opaque-secrets.js';
import { besideService } from './beside-service.js';

/**
 * `offswitch gateways [--json]`: who follows, how fresh, who is behind.
 *
 * @returns the exit code
 */
export function gatewaysCommand(parameters: readonly string[]): Promise<number> {
  const { values } = parseArgs({ args: [...parameters], options: { json: { type: 'boolean' } } });
  return besideService(async ({ config, settled, transactions, audit, installation }) => {
    const gateways = await new RegisteredGateways({
      transactions,
      audit,
      secrets: new OpaqueSecrets(Buffer.from(settled.secrets.pepper.reveal(), 'base64')),
      installation: installation.id,
      stalenessMs: config.stalenessMs,
    }).list();
    if (values.json === true) console.log(JSON.stringify({ gateways }));
    else for (const line of linesOf(gateways, Date.now())) console.log(line);
    return 0;
  });
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
  isLive(one) ? (one.behind ? 'behind' : 'fresh') : 'silent';

const seconds = (ms: number): string => `${(Math.max(0, ms) / 1_000).toFixed(1)} s`;
