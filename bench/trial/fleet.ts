import { signedHeaders } from '../../src/contract/signed-message.js';
import { topicsWith } from '../../src/contract/topics.js';
import type { IsSignedBy } from '../../src/gateway/crypto/public-keys.js';
import { check, type Confirmed, type Decision, type Facts, type Wrong } from './checker.js';
import type { Held } from './deeds.js';
import { Dice } from './dice.js';
import { SKEW_MS, STALENESS_MS, TrialGateway, type Terms } from './gateway.js';
import { SLEEP_MS, type FleetPlan, type GatewayStep } from './history.js';
import type { TrialService } from './service.js';
import { PARTITIONS, type Stage } from './stage.js';

export interface Outcome {
  readonly seed: number;
  readonly wrong: readonly Wrong[];
  readonly decisions: Readonly<Record<Decision['word'], number>>;
}

const MAX_TTL_S = 3_600;

export interface FleetParts {
  readonly plan: FleetPlan;
  readonly stage: Stage;
  readonly service: TrialService;
  readonly held: readonly Held[];
  readonly moment: () => number;
  readonly isSignedBy: IsSignedBy;
  /** What the service says about a token when somebody asks it. */
  readonly introspect: (token: string) => Promise<'active' | 'inactive'>;
}

/** The gateways of one seed, and all that they have said. */
export class Fleet {
  readonly seed: number;
  isSettled = false;
  readonly #parts: FleetParts;
  readonly #gateways: TrialGateway[];
  readonly #gone: TrialGateway[] = [];
  readonly #dice: Dice;
  readonly #decisions: Decision[] = [];
  readonly #confirmed: Confirmed[] = [];
  #askedMs: number;

  constructor(parts: FleetParts) {
    this.#parts = parts;
    this.seed = parts.plan.seed;
    this.#dice = new Dice(this.seed ^ 0x5eed);
    this.#askedMs = parts.stage.nowMs;
    this.#gateways = parts.plan.policies.map((_, i) => this.#gateway(i, 0));
  }

  /** Whoever stood still decides before anything new reaches it. */
  async step(step: GatewayStep): Promise<void> {
    const gateway = this.#gateways[step.gateway % this.#gateways.length]!;
    if (step.do === 'sleep') gateway.clock.sleep(this.#sleptMs());
    await this.ask();
    this.#touch(gateway, step);
    this.deliver();
    await this.ask();
  }

  deliver(): void {
    for (const gateway of this.#gateways) if (gateway.link === 'prompt') gateway.deliver();
  }

  heal(): void {
    for (const gateway of this.#gateways) {
      gateway.link = 'prompt';
      gateway.clock.offMs = 0;
      gateway.withholdNothing();
    }
  }

  mend(): void {
    for (const gateway of this.#gateways) gateway.mend();
  }

  /** Whether all of them are fresh by a word that is younger than this. */
  hasWordOf(ms: number): boolean {
    return this.#gateways.every((gateway) => gateway.hasWordOf(ms));
  }

  outcome(facts: Omit<Facts, 'decisions' | 'confirmed'>): Outcome {
    const [decisions, confirmed] = [this.#decisions, this.#confirmed];
    const count = (word: Decision['word']): number =>
      decisions.filter((one) => one.word === word).length;
    return {
      seed: this.seed,
      wrong: check({ ...facts, decisions, confirmed }, STALENESS_MS),
      decisions: { allow: count('allow'), deny: count('deny'), unsure: count('unsure') },
    };
  }

  async stop(): Promise<void> {
    await Promise.all([...this.#gateways, ...this.#gone].map((gateway) => gateway.stop()));
  }

  /** Every gateway about every token. The service is asked about one doubt each time: that is a trip to PostgreSQL. */
  async ask(): Promise<void> {
    this.#askedMs = this.#parts.stage.nowMs;
    const doubts: [TrialGateway, Held][] = [];
    for (const gateway of this.#gateways) {
      if (gateway.link === 'paused') continue;
      for (const held of this.#parts.held) {
        const verdict = gateway.check(held.access);
        this.#decided(gateway, held, verdict);
        if (verdict.kind === 'unsure' && verdict.reason === 'view.stale')
          doubts.push([gateway, held]);
      }
    }
    if (doubts.length === 0 || !this.#dice.chance(0.5)) return;
    const [gateway, held] = this.#dice.of(doubts);
    const isAway = this.#dice.chance(0.3);
    const word = isAway ? 'none' : await this.#parts.introspect(held.access);
    this.#decided(gateway, held, gateway.checkWith(word, held.access));
  }

  /** Whoever was asked was awake. */
  #sleptMs(): number {
    const ms = this.#parts.stage.nowMs - this.#askedMs;
    if (ms <= SLEEP_MS) throw new RangeError(`nobody feels a sleep of ${ms} ms`);
    return ms;
  }

  #touch(gateway: TrialGateway, step: GatewayStep): void {
    switch (step.do) {
      case 'link':
        gateway.link = step.link;
        return;
      case 'deliver':
        if (gateway.link === 'slow') gateway.deliver(step.most);
        return;
      case 'repeat':
        gateway.repeat(step.back, step.most);
        return;
      case 'shuffle':
        if (gateway.link !== 'cut') gateway.shuffle(step.dice);
        return;
      case 'withhold':
        gateway.withhold(step.records);
        return;
      case 'forge': {
        const { held } = this.#parts;
        const claims = held[step.token % Math.max(1, held.length)]?.claims;
        if (claims !== undefined) gateway.forge(claims.org, claims.sub);
        return;
      }
      case 'mend':
        if (gateway.link === 'prompt' || gateway.link === 'slow') gateway.mend();
        return;
      case 'restart': {
        const at = this.#gateways.indexOf(gateway);
        this.#gone.push(gateway);
        this.#gateways[at] = this.#gateway(at, this.#gone.length);
        return;
      }
      case 'clock':
        gateway.clock.offMs = step.offMs;
        return;
      case 'sleep':
        return; // it is over
    }
  }

  #decided(
    gateway: TrialGateway,
    { family, key }: Held,
    verdict: ReturnType<TrialGateway['check']>,
  ): void {
    const { name, policy, clockOffMs } = gateway;
    if (verdict.kind === 'allow-foreign') throw new Error('nobody has a foreign token');
    this.#decisions.push({
      moment: this.#parts.moment(),
      ms: this.#parts.stage.nowMs,
      gateway: name,
      policy,
      clockOffMs,
      family,
      key,
      word: verdict.kind,
      isSettled: this.isSettled,
      why: verdict.kind === 'deny' ? whyOf(verdict.reason) : null,
    });
  }

  #gateway(number: number, boot: number): TrialGateway {
    const name = `${number}.${boot}`;
    const { plan, service, stage, moment } = this.#parts;
    return new TrialGateway({
      name,
      policy: plan.policies[number]!,
      offMs: plan.offMs[number]!,
      topic: service.broker.topic,
      jwks: stage.at.keys.publicJwks,
      trueMs: () => stage.nowMs,
      isSignedBy: this.#parts.isSignedBy,
      onConfirmed: (cases) => {
        for (const one of cases)
          this.#confirmed.push({ moment: moment(), gateway: name, case: one });
      },
      terms: () => this.#terms(),
      stolen: () => service.stolen,
      fetched: ({ value }) => ({
        value,
        headers: signedHeaders('revocation', value, service.keys.sign),
      }),
    });
  }

  #terms(): Terms {
    const { service, stage } = this.#parts;
    return {
      installation: service.installation,
      ...{ epoch: 1, partitions: PARTITIONS, audience: 'offswitch' },
      issuer: stage.at.installation.issuer,
      record_keys: service.keys.publicJwks,
      staleness_ms: STALENESS_MS,
      max_clock_skew_ms: SKEW_MS,
      max_ttl_s: MAX_TTL_S,
      window_s: MAX_TTL_S + SKEW_MS / 1_000,
      kafka: { topics: topicsWith('') },
    };
  }
}

function whyOf(reason: string): Decision['why'] {
  if (reason === 'token.expired' || reason === 'token.not_yet') return 'time';
  return reason.startsWith('revoked.') || reason === 'key.revoked' || reason === 'token.inactive'
    ? 'revoked'
    : 'other';
}
