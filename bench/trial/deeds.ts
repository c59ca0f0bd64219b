import type { GenerationScope } from '../../src/contract/revocation-record.js';
import { DomainError } from '../../src/kernel/domain-error.js';
import { newId, type CaseId } from '../../src/kernel/ids.js';
import type { OutboxRecord, RevokedKids } from '../../src/outbox/index.js';
import type { DeviceTokenAnswer } from '../../src/tokens/access-minter.js';
import type { Enrolment, Minting, Return, Revocation } from './checker.js';
import type { Deed } from './history.js';
import type { Company, Person, Stage } from './stage.js';

/** An access token that somebody holds, and the refresh secrets of its family, the latest last. */
export interface Held {
  readonly family: string;
  readonly access: string;
  /** Which key has signed it. */
  readonly key: string;
  readonly claims: DeviceTokenAnswer['claims'];
}

interface Enrolled {
  readonly secrets: string[];
  readonly claims: DeviceTokenAnswer['claims'];
}

/** What was asked of the service, and what it answered: by itself it knows nothing of gateways. */
export class Deeds {
  readonly enrolments: Enrolment[] = [];
  readonly mintings: Minting[] = [];
  readonly revocations: Revocation[] = [];
  readonly returns: Return[] = [];
  readonly held: Held[] = [];
  readonly #families = new Map<string, Enrolled>();
  readonly #stage: Stage;
  readonly #company: Company;
  readonly #moment: () => number;
  readonly #kids: RevokedKids;
  /** The process dies between the commit and the answer. */
  #dies = false;
  #isWithdrawn = false;

  constructor(stage: Stage, company: Company, moment: () => number, kids: RevokedKids) {
    this.#kids = kids;
    this.#stage = stage;
    this.#company = company;
    this.#moment = moment;
  }

  /** Devices that were enrolled before come for an access token. */
  async begin(): Promise<void> {
    await Promise.all(
      this.#company.enrolled.map(async (secret) => {
        const began = this.#moment();
        this.#hold(began, await this.#stage.at.refresh(secret), [secret]);
      }),
    );
  }

  /** Runs them beside each other. @returns what the service has committed and would publish now */
  async run(deeds: readonly Deed[], dies: boolean): Promise<readonly OutboxRecord[]> {
    this.#dies = dies;
    await Promise.all(deeds.map((deed) => this.#one(deed)));
    const { publisher } = this.#stage.at.world;
    return publisher.offered.splice(0);
  }

  person(number: number): Person {
    const { people } = this.#company;
    return people[number % people.length]!;
  }

  async #one(deed: Deed): Promise<void> {
    switch (deed.do) {
      case 'enrol':
        return this.#enrol(this.person(deed.person));
      case 'leave':
      case 'return':
        return this.#say(deed.do === 'return', this.person(deed.person));
      case 'refresh':
      case 'reuse':
      case 'give-back': {
        const family = this.token(deed.token)?.family;
        if (family !== undefined) await this.#withFamily(deed.do, family);
        return;
      }
      case 'revoke': {
        const held = this.token(deed.token);
        if (held !== undefined) await this.#revoke(deed.scope, held);
        return;
      }
      case 'withdraw': {
        const held = this.token(deed.token);
        if (held !== undefined) await this.#withdraw(held.key);
      }
    }
  }

  token(number: number): Held | undefined {
    return this.held[number % Math.max(1, this.held.length)];
  }

  async #enrol({ id }: Person): Promise<void> {
    const { at } = this.#stage;
    const { organization, apiKey } = this.#company;
    const began = this.#moment();
    const device = newId<string>();
    const answer = await unlessRefused(async () => {
      const by = { organization, key: apiKey as never };
      return at.redeem(await at.issue(by, device, { id }), device);
    });
    if (answer !== null) this.#hold(began, answer, []);
  }

  #hold(began: number, answer: DeviceTokenAnswer, before: readonly string[]): void {
    const { claims } = answer;
    const subjects = [
      `org/${claims.org}`,
      `user/${claims.sub}`,
      `device/${claims.did}`,
      `family/${claims.fam}`,
    ];
    this.#families.set(claims.fam, {
      secrets: [...before, answer.refreshToken.reveal()],
      claims,
    });
    const key = keyOf(answer.accessToken);
    this.enrolments.push({ family: claims.fam, subjects, key, began, ended: this.#moment() });
    this.held.push({ family: claims.fam, access: answer.accessToken, key, claims });
  }

  async #withFamily(name: 'refresh' | 'reuse' | 'give-back', id: string): Promise<void> {
    const { secrets } = this.#families.get(id)!;
    if (name === 'refresh') return this.#refresh(id, secrets);
    if (name === 'give-back') return this.#end(`family/${id}`, () => this.#giveBack(secrets));
    const old = secrets.at(-3);
    // It is answered by a refusal, so nobody is told that the family has ended.
    if (old !== undefined)
      await this.#end(`family/${id}`, async () => {
        await unlessRefused(() => this.#stage.at.refresh(old));
        return { isTold: false, case: null };
      });
  }

  async #giveBack(secrets: readonly string[]) {
    const mark = this.#mark();
    await this.#stage.at.deviceAuth.revoke.execute(secrets.at(-1)!, 'given back', mark);
    return { isTold: true, case: null };
  }

  async #refresh(family: string, secrets: string[]): Promise<void> {
    const began = this.#moment();
    const shown = secrets.at(-1)!;
    const answer = await unlessRefused(() => this.#stage.at.refresh(shown));
    if (answer === null) return;
    const key = keyOf(answer.accessToken);
    this.mintings.push({ family, key, began, ended: this.#moment() });
    const next = answer.refreshToken.reveal();
    if (!secrets.includes(next)) secrets.push(next);
    this.held.push({ family, access: answer.accessToken, key, claims: answer.claims });
  }

  async #say(active: boolean, { id }: Person): Promise<void> {
    const { organization, connection } = this.#company;
    const change = () =>
      this.#stage.at.world.heart.changeResource({
        kind: 'edit',
        origin: { organization, connection, ...this.#mark() },
        resource: id as never,
        edit: (stored) => ({ word: active ? 'true' : 'false', next: { ...stored, active } }),
      });
    if (active) {
      const began = this.#moment();
      await change();
      this.returns.push({ subject: `user/${id}`, began, ended: this.#moment() });
      return;
    }
    await this.#end(
      `user/${id}`,
      async () => {
        const outcome = await change();
        if (outcome.kind !== 'done') throw new Error(outcome.kind);
        return { isTold: true, case: outcome.case };
      },
      true,
    );
  }

  async #revoke(scope: GenerationScope, { claims }: Held): Promise<void> {
    const ids = { org: claims.org, user: claims.sub, device: claims.did, family: claims.fam };
    const id = ids[scope];
    await this.#end(`${scope}/${id}`, async () => {
      const made = await this.#stage.at.world.heart.revokeSubject({
        organization: this.#company.organization,
        scope,
        id,
        kind: 'admin',
        reason: 'a trial',
        hold: false,
        actor: { type: 'admin_key', id: 'trial' },
        ...this.#mark(),
      });
      return { isTold: true, case: made };
    });
  }

  /** Once: without any key nobody would be told anything. */
  async #withdraw(kid: string): Promise<void> {
    if (this.#isWithdrawn) return;
    this.#isWithdrawn = true;
    const { requestId, receivedAt } = this.#mark();
    await this.#end(`kid/${kid}`, async () => {
      const made = await this.#kids.revoke(
        { kid, reason: 'leaked', receivedAt },
        { actor: { type: 'admin_key', id: 'trial' }, requestId },
      );
      return { isTold: true, case: made.id };
    });
  }

  async #end(
    subject: string,
    deed: () => Promise<{ readonly isTold: boolean; readonly case: CaseId | null }>,
    holds = false,
  ): Promise<void> {
    const began = this.#moment();
    const told = await deed();
    const isTold = told.isTold && !this.#dies;
    this.revocations.push({
      ...{ subject, holds, began, ended: this.#moment() },
      ackMs: isTold ? this.#stage.nowMs : null,
      case: isTold ? told.case : null,
    });
  }

  #mark() {
    return { requestId: newId<string>(), receivedAt: new Date(this.#stage.nowMs) };
  }
}

function keyOf(token: string): string {
  const [header = ''] = token.split('.');
  const { kid } = JSON.parse(Buffer.from(header, 'base64url').toString()) as { kid: string };
  return kid;
}

/** A no is an answer; anything else is trouble, and the trial fails. */
async function unlessRefused<T>(ask: () => Promise<T>): Promise<T | null> {
  try {
    return await ask();
  } catch (error) {
    if (error instanceof DomainError && error.sort !== 'unavailable') return null;
    throw error;
  }
}
