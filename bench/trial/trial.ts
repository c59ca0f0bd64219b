import type { Gateways } from '../../src/outbox/index.js';
import { Introspection } from '../../src/tokens/introspection/introspection.js';
import { KidRevocations } from '../../src/outbox/kid-revocations.js';
import { sha256 } from '../../src/platform/crypto/sha256.js';
import { topicsWith } from '../../src/contract/topics.js';
import { check, type Confirmed, type Decision, type Wrong } from './checker.js';
import { Deeds, type Held } from './deeds.js';
import { Dice } from './dice.js';
import { SKEW_MS, STALENESS_MS, TrialGateway } from './gateway.js';
import type { History, Timed } from './history.js';
import { TrialService } from './service.js';
import { systemClock } from '../../test/support/world.js';
import { PARTITIONS, type Company, type Stage } from './stage.js';

export interface Outcome {
  readonly wrong: readonly Wrong[];
  readonly decisions: Readonly<Record<Decision['word'], number>>;
}

const MAX_TTL_S = 3_600;
/** Rounds that a view may need at most after everything works again. */
const ROUNDS = 8;
/** From one of them to the next. */
const ROUND_MS = 2_500;

/** One history against the real rooms, on a stage that it has for itself. */
export async function runTrial(stage: Stage, history: History): Promise<Outcome> {
  const trial = await Trial.begin(stage, history);
  try {
    for (const step of history.steps) await trial.step(step);
    await trial.settle();
    return trial.outcome();
  } finally {
    await trial.stop();
  }
}

class Trial {
  readonly #stage: Stage;
  readonly #service: TrialService;
  readonly #deeds: Deeds;
  readonly #gateways: TrialGateway[] = [];
  readonly #gone: TrialGateway[] = [];
  readonly #history: History;
  readonly #dice: Dice;
  readonly #introspection: Introspection;
  readonly #decisions: Decision[] = [];
  readonly #confirmed: Confirmed[] = [];
  #moment = 0;
  #isSettled = false;

  private constructor(stage: Stage, company: Company, history: History) {
    this.#stage = stage;
    this.#history = history;
    this.#dice = new Dice(history.seed ^ 0x5eed);
    this.#service = new TrialService(stage);
    const { cases, audit, outbox, installation, world } = stage.at;
    const { transactions, publisher } = world;
    const kids = new KidRevocations({
      ...{ transactions, cases, audit, outbox, publisher, hash: sha256, clock: systemClock },
      installation: { id: installation.id, partitions: PARTITIONS },
    });
    this.#deeds = new Deeds(stage, company, () => (this.#moment += 1), kids);
    this.#introspection = new Introspection({
      transactions,
      gateways: { authenticate: () => Promise.resolve('somebody') } as unknown as Gateways,
      refusals: stage.at.refusals,
      keys: stage.at.keys,
      installation: this.#service.installation,
      rules: { issuer: stage.at.installation.issuer, audience: 'offswitch' },
    });
  }

  static async begin(stage: Stage, history: History): Promise<Trial> {
    await stage.pass(1_000);
    const company = await stage.found(history.people, new Dice(history.seed));
    const trial = new Trial(stage, company, history);
    await trial.#service.begin();
    trial.#gateways.push(...history.policies.map((_, i) => trial.#gateway(i, 0)));
    return trial;
  }

  async step(step: Timed): Promise<void> {
    await this.#stage.pass(step.afterMs);
    if (step.do === 'sleep') this.#at(step.gateway).clock.sleep(step.afterMs);
    // Whoever stood still decides before anything new reaches it.
    await this.#ask();
    await this.#act(step);
    for (const gateway of this.#gateways) if (gateway.link === 'prompt') gateway.deliver();
    await this.#ask();
  }

  /** Everything works again, and everybody gets the time that it takes. */
  async settle(): Promise<void> {
    this.#service.heal();
    for (const gateway of this.#gateways) {
      gateway.link = 'prompt';
      gateway.clock.offMs = 0;
      gateway.withholdNothing();
    }
    for (let round = 0; round < ROUNDS; round += 1) {
      await this.#stage.pass(ROUND_MS);
      await this.#service.beat();
      for (const gateway of this.#gateways) {
        gateway.deliver();
        gateway.mend();
      }
      if (this.#gateways.every((gateway) => gateway.hasWordOf(ROUND_MS))) break;
    }
    this.#isSettled = true;
    await this.#ask();
  }

  outcome(): Outcome {
    const { enrolments, mintings, revocations, returns } = this.#deeds;
    const decisions = this.#decisions;
    const facts = {
      enrolments,
      mintings,
      revocations,
      returns,
      decisions,
      confirmed: this.#confirmed,
    };
    const count = (word: Decision['word']): number =>
      decisions.filter((one) => one.word === word).length;
    return {
      wrong: check(facts, STALENESS_MS),
      decisions: { allow: count('allow'), deny: count('deny'), unsure: count('unsure') },
    };
  }

  async stop(): Promise<void> {
    const { cases, outbox, log, refusals } = this.#stage.at;
    await this.#service.stop();
    await Promise.all([...this.#gateways, ...this.#gone].map((gateway) => gateway.stop()));
    // The stage outlives the trial.
    for (const memory of [cases.opened, outbox.records, log.lines, refusals.counted])
      memory.length = 0;
  }

  async #act(step: Timed): Promise<void> {
    if ('gateway' in step) {
      this.#touch(this.#at(step.gateway), step);
      return;
    }
    switch (step.do) {
      case 'deeds': {
        const records = await this.#deeds.run(step.deeds, step.dies);
        if (step.dies) this.#service.kill();
        else await this.#service.publish(records);
        return;
      }
      case 'beat':
        return this.#service.beat();
      case 'broker':
        this.#service.broker.fail(step.fails, step.times);
        return;
      case 'hang':
        this.#service.broker.hang();
        return;
      case 'arrive':
        this.#service.broker.arrive();
        return;
      case 'kill':
        this.#service.kill();
        return;
      case 'wait':
    }
  }

  #at(number: number): TrialGateway {
    return this.#gateways[number % this.#gateways.length]!;
  }

  #touch(gateway: TrialGateway, step: Extract<Timed, { readonly gateway: number }>): void {
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
        if (gateway.link !== 'cut') gateway.shuffle(step.seed);
        return;
      case 'withhold':
        gateway.withhold(step.records);
        return;
      case 'forge': {
        const claims = this.#deeds.token(step.token)?.claims;
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

  /** Every gateway about every token. The service is asked about one doubt each time: that is a trip to PostgreSQL. */
  async #ask(): Promise<void> {
    const doubts: [TrialGateway, Held][] = [];
    for (const gateway of this.#gateways) {
      if (gateway.link === 'paused') continue;
      for (const held of this.#deeds.held) {
        const verdict = gateway.check(held.access);
        this.#decided(gateway, held, verdict);
        if (verdict.kind === 'unsure' && verdict.reason === 'view.stale')
          doubts.push([gateway, held]);
      }
    }
    if (doubts.length === 0 || !this.#dice.chance(0.5)) return;
    const [gateway, held] = this.#dice.of(doubts);
    const isAway = this.#dice.chance(0.3);
    const word = isAway ? 'none' : await this.#introspect(held.access);
    this.#decided(gateway, held, gateway.checkWith(word, held.access));
  }

  async #introspect(token: string): Promise<'active' | 'inactive'> {
    const { active } = await this.#introspection.answer('Bearer somebody', () => token);
    return active ? 'active' : 'inactive';
  }

  #decided(
    gateway: TrialGateway,
    { family, key }: Held,
    verdict: ReturnType<TrialGateway['check']>,
  ): void {
    const { name, policy, clockOffMs } = gateway;
    if (verdict.kind === 'allow-foreign') throw new Error('nobody has a foreign token');
    this.#decisions.push({
      ...{ moment: (this.#moment += 1), ms: this.#stage.nowMs, gateway: name },
      ...{ policy, clockOffMs, family, key, word: verdict.kind, isSettled: this.#isSettled },
      why: verdict.kind === 'deny' ? whyOf(verdict.reason) : null,
    });
  }

  #gateway(number: number, boot: number): TrialGateway {
    const name = `${number}.${boot}`;
    const { installation, keys } = this.#service;
    return new TrialGateway({
      name,
      policy: this.#history.policies[number]!,
      offMs: this.#history.offMs[number]!,
      topic: this.#service.broker.topic,
      jwks: this.#stage.at.keys.publicJwks,
      trueMs: () => this.#stage.nowMs,
      onConfirmed: (cases) => {
        for (const one of cases)
          this.#confirmed.push({ moment: this.#moment, gateway: name, case: one });
      },
      terms: {
        installation,
        ...{ epoch: 1, partitions: PARTITIONS, audience: 'offswitch' },
        issuer: this.#stage.at.installation.issuer,
        record_keys: keys.publicJwks,
        staleness_ms: STALENESS_MS,
        max_clock_skew_ms: SKEW_MS,
        max_ttl_s: MAX_TTL_S,
        window_s: MAX_TTL_S + SKEW_MS / 1_000,
        kafka: { topics: topicsWith('') },
      },
    });
  }
}

function whyOf(reason: string): Decision['why'] {
  if (reason === 'token.expired' || reason === 'token.not_yet') return 'time';
  return reason.startsWith('revoked.') || reason === 'key.revoked' || reason === 'token.inactive'
    ? 'revoked'
    : 'other';
}
