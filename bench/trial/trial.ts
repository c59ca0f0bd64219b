import type { Gateways } from '../../src/outbox/index.js';
import { Introspection } from '../../src/tokens/introspection/introspection.js';
import { KidRevocations } from '../../src/outbox/kid-revocations.js';
import { sha256 } from '../../src/platform/crypto/sha256.js';
import { Deeds } from './deeds.js';
import { Dice } from './dice.js';
import { Fleet, type Outcome } from './fleet.js';
import type { History, ServiceStep, Step } from './history.js';
import { TrialService } from './service.js';
import { systemClock } from '../../test/support/world.js';
import { verifiedOnce } from './verified.js';
import { PARTITIONS, type Company, type Stage } from './stage.js';

/** Rounds that a view may need at most after everything works again. */
const ROUNDS = 8;
/** From one of them to the next. */
const ROUND_MS = 2_500;

/** One history against the real rooms, on a stage that it has for itself. */
export async function runTrial(stage: Stage, history: History): Promise<readonly Outcome[]> {
  const trial = await Trial.begin(stage, history);
  try {
    for (const step of history.steps) await trial.step(step);
    await trial.settle();
    return trial.outcomes();
  } finally {
    await trial.stop();
  }
}

class Trial {
  readonly #stage: Stage;
  readonly #service: TrialService;
  readonly #deeds: Deeds;
  readonly #fleets: readonly Fleet[];
  readonly #beganMs: number;
  #moment = 0;

  private constructor(
    stage: Stage,
    history: History,
    own: { readonly company: Company; readonly service: TrialService },
  ) {
    this.#stage = stage;
    this.#beganMs = stage.nowMs;
    this.#service = own.service;
    const { cases, audit, outbox, installation } = stage.at;
    const { transactions, publisher } = stage.at.world;
    const kids = new KidRevocations({
      ...{ transactions, cases, audit, outbox, publisher, hash: sha256, clock: systemClock },
      installation: { id: installation.id, partitions: PARTITIONS },
    });
    const moment = (): number => (this.#moment += 1);
    this.#deeds = new Deeds(stage, own.company, moment, kids);
    const introspection = new Introspection({
      transactions,
      gateways: { authenticate: () => Promise.resolve('somebody') } as unknown as Gateways,
      refusals: stage.at.refusals,
      keys: stage.at.keys,
      installation: own.service.installation,
      rules: { issuer: installation.issuer, audience: 'offswitch' },
    });
    const introspect = async (token: string) => {
      await stage.showTime();
      const { active } = await introspection.answer('Bearer somebody', () => token);
      return active ? ('active' as const) : ('inactive' as const);
    };
    const { held } = this.#deeds;
    const world = { stage, service: own.service, held, moment, isSignedBy: verifiedOnce() };
    this.#fleets = history.fleets.map((plan) => new Fleet({ plan, introspect, ...world }));
  }

  static async begin(stage: Stage, history: History): Promise<Trial> {
    stage.nowMs += 1_000;
    await stage.showTime();
    const company = await stage.found(history.people, new Dice(history.seed));
    const service = new TrialService(stage, history.seed);
    await service.begin();
    const trial = new Trial(stage, history, { company, service });
    await trial.#deeds.begin();
    return trial;
  }

  async step(step: Step): Promise<void> {
    this.#stage.nowMs = this.#beganMs + step.atMs;
    if (step.fleet !== undefined) {
      await this.#fleets.find(({ seed }) => seed === step.fleet)?.step(step);
      return;
    }
    await this.#ask();
    // What is prepared changes nothing yet.
    if (!(await this.#act(step))) return;
    for (const fleet of this.#fleets) fleet.deliver();
    await this.#ask();
  }

  /** Everything works again, and everybody gets the time that it takes. */
  async settle(): Promise<void> {
    this.#service.heal();
    for (const fleet of this.#fleets) fleet.heal();
    for (let round = 0; round < ROUNDS; round += 1) {
      this.#stage.nowMs += ROUND_MS;
      await this.#stage.showTime();
      await this.#service.beat();
      for (const fleet of this.#fleets) {
        fleet.deliver();
        fleet.mend();
      }
      if (this.#fleets.every((fleet) => fleet.hasWordOf(ROUND_MS))) break;
    }
    for (const fleet of this.#fleets) fleet.isSettled = true;
    await this.#ask();
  }

  outcomes(): readonly Outcome[] {
    return this.#fleets.map((fleet) => fleet.outcome(this.#deeds));
  }

  async stop(): Promise<void> {
    const { cases, outbox, log, refusals } = this.#stage.at;
    await this.#service.stop();
    await Promise.all(this.#fleets.map((fleet) => fleet.stop()));
    // The stage outlives the trial.
    for (const memory of [cases.opened, outbox.records, log.lines, refusals.counted])
      memory.length = 0;
  }

  async #ask(): Promise<void> {
    for (const fleet of this.#fleets) await fleet.ask();
  }

  /** @returns whether anything can have reached anybody */
  async #act(step: ServiceStep): Promise<boolean> {
    const { broker } = this.#service;
    switch (step.do) {
      case 'deeds': {
        await this.#stage.showTime();
        const records = await this.#deeds.run(step.deeds, step.dies);
        if (step.dies) this.#service.kill();
        else await this.#service.publish(records);
        return true;
      }
      case 'beat':
        await this.#stage.showTime();
        await this.#service.beat();
        return true;
      case 'broker':
        broker.fail(step.fails, step.times);
        return false;
      case 'hang':
        broker.hang();
        return false;
      case 'arrive':
        broker.arrive();
        return true;
      case 'kill':
        this.#service.kill();
        return true;
      case 'withdraw-record-key':
        this.#service.withdrawKey();
        return true;
      case 'wait':
        return false;
    }
  }
}
