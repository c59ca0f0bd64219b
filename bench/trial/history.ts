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

export type Step =
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
  | { readonly do: 'link'; readonly gateway: number; readonly link: Link }
  | { readonly do: 'deliver'; readonly gateway: number; readonly most: number }
  /** Some old messages once more. */
  | {
      readonly do: 'repeat';
      readonly gateway: number;
      readonly back: number;
      readonly most: number;
    }
  | { readonly do: 'shuffle'; readonly gateway: number; readonly seed: number }
  /** The broker keeps the next records from this gateway. */
  | { readonly do: 'withhold'; readonly gateway: number; readonly records: number }
  /** A record of nobody's, and one with somebody else's bytes. */
  | { readonly do: 'forge'; readonly gateway: number; readonly token: number }
  /** The gateway looks at what it lacks. */
  | { readonly do: 'mend'; readonly gateway: number }
  | { readonly do: 'restart'; readonly gateway: number }
  | { readonly do: 'clock'; readonly gateway: number; readonly offMs: number }
  /** The gateway's machine has slept all the time before this step: its monotonic clock stood still. */
  | { readonly do: 'sleep'; readonly gateway: number }
  | { readonly do: 'wait' };

/** A step, and how much time passes before it. */
export type Timed = Step & { readonly afterMs: number };

export interface History {
  readonly seed: number;
  readonly policies: readonly Policy[];
  /** Each gateway's clock beside the true one, within what the promise allows. */
  readonly offMs: readonly number[];
  readonly people: number;
  readonly steps: readonly Timed[];
}

const MOST_OFF_MS = 950;

export function historyOf(seed: number): History {
  const dice = new Dice(seed);
  const policies = [
    'strict' as const,
    'strict' as const,
    ...(dice.chance(0.5) ? [dice.of(['balanced', 'best-effort'] as const)] : []),
  ];
  const history = {
    seed,
    policies,
    offMs: policies.map(() => dice.between(-MOST_OFF_MS, MOST_OFF_MS)),
    people: dice.between(2, 3),
    steps: [
      { do: 'deeds', dies: false, afterMs: 10, deeds: [{ do: 'enrol', person: 0 }] },
      { do: 'deeds', dies: false, afterMs: 10, deeds: [{ do: 'enrol', person: 1 }] },
      { do: 'beat', afterMs: dice.between(1, 500) },
      ...Array.from({ length: dice.between(6, 14) }, () => timed(dice, policies.length)),
      // Past the bound of whatever was revoked, with a word that is fresh: whoever lacks something must know.
      { do: 'beat', afterMs: dice.between(10_100, 12_000) },
    ],
  } satisfies History;
  return withWithdrawal(history);
}

/** Before its first steps are over there is no token, and after the last one nobody would notice. */
const FIRST_STEPS = 3;

/** In every third history a signing key is withdrawn. Dice of its own: what else happens stays what its seed says. */
function withWithdrawal(history: History): History {
  const dice = new Dice(history.seed ^ 0x4b1d);
  if (!dice.chance(1 / 3)) return history;
  const { steps } = history;
  const at = dice.between(FIRST_STEPS, steps.length - 1);
  const deeds: Deed[] = [{ do: 'withdraw', token: dice.between(0, 20) }];
  if (dice.chance(0.3)) deeds.push(deed(dice));
  const step: Timed = {
    do: 'deeds',
    deeds,
    dies: deeds.length === 1 && dice.chance(0.1),
    afterMs: 10,
  };
  return { ...history, steps: [...steps.slice(0, at), step, ...steps.slice(at)] };
}

function timed(dice: Dice, gateways: number): Timed {
  const afterMs = dice.weighted({ none: 2, short: 10, second: 6, long: 2, most: 1 });
  const next = step(dice, gateways);
  if (next.do === 'sleep') return { ...next, afterMs: dice.between(1_000, 20_000) };
  const most = { none: 1, short: 300, second: 1_500, long: 9_000, most: 14_000 }[afterMs];
  return { ...next, afterMs: dice.between(1, most) };
}

function step(dice: Dice, gateways: number): Step {
  const gateway = dice.between(0, gateways - 1);
  const token = dice.between(0, 20);
  const name = dice.weighted({
    ...{ deeds: 34, beat: 24, broker: 4, hang: 3, arrive: 2, kill: 3, link: 8, deliver: 4 },
    ...{ repeat: 2, shuffle: 2, withhold: 5, forge: 2, mend: 4, restart: 2, clock: 2, sleep: 2 },
    ...{ wait: 3 },
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
    case 'link':
      return { do: name, gateway, link: dice.of(['prompt', 'slow', 'cut', 'paused', 'prompt']) };
    case 'deliver':
      return { do: name, gateway, most: dice.between(1, 6) };
    case 'repeat':
      return { do: name, gateway, back: dice.between(1, 8), most: dice.between(1, 3) };
    case 'shuffle':
      return { do: name, gateway, seed: dice.between(0, 1_000_000) };
    case 'withhold':
      return { do: name, gateway, records: dice.between(1, 2) };
    case 'forge':
      return { do: name, gateway, token };
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
