import type { Policy } from '../../src/contract/lease.js';
import type { GenerationScope } from '../../src/contract/revocation-record.js';
import { Dice } from './dice.js';

/** What somebody asks of the service. Tokens and people are named by their number, modulo how many there are. */
export type Deed =
  | { readonly do: 'enrol'; readonly person: number }
  | { readonly do: 'refresh'; readonly token: number }
  /** A refresh secret that has been replaced long ago. */
  | { readonly do: 'reuse'; readonly token: number }
  | { readonly do: 'leave'; readonly person: number }
  | { readonly do: 'return'; readonly person: number }
  | { readonly do: 'revoke'; readonly scope: GenerationScope; readonly token: number }
  | { readonly do: 'give-back'; readonly token: number }
  /** The key that has signed the token is leaked; another one signs from now on. */
  | { readonly do: 'withdraw'; readonly token: number };

/** How a gateway hears of what is on the topic: at once, when it is told to, not at all, or it stands still itself. */
export type Link = 'prompt' | 'slow' | 'cut' | 'paused';

export type ServiceStep =
  | { readonly do: 'deeds'; readonly deeds: readonly Deed[]; readonly dies: boolean }
  /** One round of watermarks. */
  | { readonly do: 'beat' }
  /** The broker fails so many requests, before or after it has stored them. */
  | { readonly do: 'broker'; readonly fails: 'before' | 'after'; readonly times: number }
  /** A request hangs on its way to the broker, and arrives when nobody expects it any more. */
  | { readonly do: 'hang' }
  | { readonly do: 'arrive' }
  /** The service's process is killed and another one starts. */
  | { readonly do: 'kill' }
  /** The key that signs records and watermarks is stolen, and withdrawn. */
  | { readonly do: 'withdraw-record-key' }
  | { readonly do: 'wait' };

export type GatewayStep = { readonly gateway: number } & (
  | { readonly do: 'link'; readonly link: Link }
  | { readonly do: 'deliver'; readonly most: number }
  /** Some old messages once more. */
  | { readonly do: 'repeat'; readonly back: number; readonly most: number }
  | { readonly do: 'shuffle'; readonly dice: number }
  /** The broker keeps the next records from this gateway. */
  | { readonly do: 'withhold'; readonly records: number }
  /** A record and a watermark of nobody's or a thief's, and a record with somebody else's bytes. */
  | { readonly do: 'forge'; readonly token: number }
  /** The gateway looks at what it lacks. */
  | { readonly do: 'mend' }
  | { readonly do: 'restart' }
  | { readonly do: 'clock'; readonly offMs: number }
  /** The gateway's machine has slept since it was asked last: its monotonic clock stood still. */
  | { readonly do: 'sleep' }
);

/** When it happens, from the beginning on. A fleet's step has the fleet's seed. */
export type Step = { readonly atMs: number } & (
  ({ readonly fleet?: never } & ServiceStep) | ({ readonly fleet: number } & GatewayStep)
);

/** The gateways that one seed stands for. */
export interface FleetPlan {
  readonly seed: number;
  readonly policies: readonly Policy[];
  /** Each gateway's clock beside the true one, within what the promise allows. */
  readonly offMs: readonly number[];
}

/** What happens to a service, and to fleets of gateways that follow it and know nothing of each other. */
export interface History {
  readonly seed: number;
  readonly people: number;
  readonly fleets: readonly FleetPlan[];
  /** In their order. */
  readonly steps: readonly Step[];
}

/** So many seeds in a row share what happens to the service: that is dear, and gateways are cheap. */
export const FLEETS = 3;

const MOST_OFF_MS = 950;

/** Every sleep is longer. */
export const SLEEP_MS = 1_000;

/** @param seeds of one group: the same whole number when they are divided by {@link FLEETS} */
export function historyOf(seeds: readonly number[]): History {
  const seed = Math.floor(seeds[0]! / FLEETS);
  // Far from the fleets' own.
  const dice = new Dice(seed ^ 0x5e0000);
  const people = dice.between(2, 3);
  const service = serviceSteps(dice);
  const fleets = seeds.map((one) => fleetOf(one, service));
  const steps = [...service, ...fleets.flatMap((fleet) => fleet.steps)];
  return {
    ...{ seed, people, fleets: fleets.map(({ plan }) => plan) },
    steps: steps.sort((a, b) => a.atMs - b.atMs),
  };
}

function serviceSteps(dice: Dice): readonly Step[] {
  let atMs = 0;
  const after = (ms: number): number => (atMs += ms);
  const first: Step = { do: 'beat', atMs: after(dice.between(1, 500)) };
  const most = { none: 1, short: 300, second: 1_500, long: 9_000, most: 20_000 };
  const then = Array.from({ length: dice.between(5, 11) }, (): Step => {
    const wait = dice.weighted({ none: 2, short: 10, second: 6, long: 2, most: 2 });
    return { ...serviceStep(dice), atMs: after(dice.between(1, most[wait])) };
  });
  const others = dice.chance(1 / 3) ? withWithdrawal(dice, then) : then;
  const all = dice.chance(1 / 4) ? withStep(dice, others, 'withdraw-record-key') : others;
  // Past the bound of whatever was revoked, with a word that is fresh: whoever lacks something must know.
  const last: Step = { do: 'beat', atMs: after(dice.between(10_100, 12_000)) };
  return [first, ...all, last];
}

/** In every third history a signing key is withdrawn. */
function withWithdrawal(dice: Dice, steps: readonly Step[]): readonly Step[] {
  const at = dice.between(0, steps.length - 1);
  const deeds: Deed[] = [{ do: 'withdraw', token: dice.between(0, 20) }];
  if (dice.chance(0.3)) deeds.push(deed(dice));
  const dies = deeds.length === 1 && dice.chance(0.1);
  const step: Step = { do: 'deeds', deeds, dies, atMs: steps[at]!.atMs };
  return [...steps.slice(0, at), step, ...steps.slice(at)];
}

function withStep(
  dice: Dice,
  steps: readonly Step[],
  name: 'withdraw-record-key',
): readonly Step[] {
  const at = dice.between(0, steps.length - 1);
  const { atMs } = steps[at]!;
  return [...steps.slice(0, at), { do: name, atMs }, ...steps.slice(at)];
}

/** What happens to the gateways of a seed, at any time in between. */
function fleetOf(seed: number, service: readonly Step[]) {
  const dice = new Dice(seed);
  const policies = [
    'strict' as const,
    'strict' as const,
    ...(dice.chance(0.5) ? [dice.of(['balanced', 'best-effort'] as const)] : []),
  ];
  const plan = {
    seed,
    policies,
    offMs: policies.map(() => dice.between(-MOST_OFF_MS, MOST_OFF_MS)),
  };
  const drawn = Array.from({ length: dice.between(2, 7) }, () =>
    gatewayStep(dice, policies.length),
  );
  const slept = gapToSleepThrough(dice, service);
  const sleep = drawn.find((step) => step.do === 'sleep');
  const steps = drawn
    // A second sleep would have no time.
    .filter((step) => step.do !== 'sleep' || step === sleep)
    .map((step): Step => {
      const at = dice.between(1, service.length - 1);
      const [from, to] = [service[at - 1]!.atMs, service[at]!.atMs];
      const atMs = dice.between(from, to);
      if (step === sleep) return { ...step, fleet: seed, atMs: service[slept]!.atMs - 1 };
      const isInSleep = sleep !== undefined && at === slept;
      return { ...step, fleet: seed, atMs: isInSleep ? from : atMs };
    });
  return { plan, steps };
}

/**
 * A sleep is felt when it is long: it takes all the time before this step of the service, and nothing happens to the
 * fleet meanwhile. Half of them are in the last gap, at whose end S has passed since whatever was revoked.
 */
function gapToSleepThrough(dice: Dice, service: readonly Step[]): number {
  const lengths = service.map(({ atMs }, i) => (i === 0 ? 0 : atMs - service[i - 1]!.atMs));
  const last = lengths.length - 1;
  const longestMs = Math.max(...lengths.slice(0, last));
  const isLast = dice.chance(0.5) || longestMs <= SLEEP_MS + 1;
  return isLast ? last : lengths.indexOf(longestMs);
}

function serviceStep(dice: Dice): ServiceStep {
  const name = dice.weighted({
    ...{ deeds: 34, beat: 24, broker: 4, hang: 3, arrive: 2, kill: 3, wait: 3 },
  });
  switch (name) {
    case 'deeds': {
      const isRace = dice.chance(0.25);
      const deeds = Array.from({ length: isRace ? dice.between(2, 4) : 1 }, () => deed(dice));
      return { do: 'deeds', deeds, dies: !isRace && dice.chance(0.08) };
    }
    case 'beat':
    case 'hang':
    case 'arrive':
    case 'kill':
    case 'wait':
      return { do: name };
    case 'broker':
      return { do: name, fails: dice.of(['before', 'after']), times: dice.between(1, 2) };
  }
}

function gatewayStep(dice: Dice, gateways: number): GatewayStep {
  const gateway = dice.between(0, gateways - 1);
  const name = dice.weighted({
    ...{ link: 8, deliver: 4, repeat: 2, shuffle: 2, withhold: 5, forge: 4, mend: 4 },
    ...{ restart: 2, clock: 2, sleep: 2 },
  });
  switch (name) {
    case 'link':
      return { do: name, gateway, link: dice.of(['prompt', 'slow', 'cut', 'paused', 'prompt']) };
    case 'deliver':
      return { do: name, gateway, most: dice.between(1, 6) };
    case 'repeat':
      return { do: name, gateway, back: dice.between(1, 8), most: dice.between(1, 3) };
    case 'shuffle':
      return { do: name, gateway, dice: dice.between(0, 1_000_000) };
    case 'withhold':
      return { do: name, gateway, records: dice.between(1, 2) };
    case 'forge':
      return { do: name, gateway, token: dice.between(0, 20) };
    case 'mend':
    case 'restart':
    case 'sleep':
      return { do: name, gateway };
    case 'clock': {
      const far = dice.of([0, 2_000, -2_000, 600_000, -600_000]);
      return { do: name, gateway, offMs: far + dice.between(-MOST_OFF_MS, MOST_OFF_MS) };
    }
  }
}

function deed(dice: Dice): Deed {
  const name = dice.weighted({
    ...{ enrol: 6, refresh: 6, reuse: 1, leave: 5, return: 3, revoke: 4, 'give-back': 1 },
  });
  const person = dice.between(0, 5);
  const token = dice.between(0, 20);
  switch (name) {
    case 'enrol':
    case 'leave':
    case 'return':
      return { do: name, person };
    case 'refresh':
    case 'reuse':
    case 'give-back':
      return { do: name, token };
    case 'revoke':
      return { do: name, token, scope: dice.of(['user', 'device', 'family', 'family', 'org']) };
  }
}
