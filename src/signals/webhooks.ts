import { entryOf, type AuditLog } from '../audit/index.js';
import type { Deprovision, Origin, SignalOutcome, VerifiedSignal } from '../deprovision/index.js';
import type { ConnectionDoors, FailedAttempts, WebhookDoor } from '../directory/index.js';
import { DomainError, type ErrorCode } from '../kernel/domain-error.js';
import { newId, type EntryId } from '../kernel/ids.js';
import type { Transactions } from '../kernel/tx.js';
import type { Log } from '../platform/log/log.js';
import type { Arrival, Proof } from './authenticate/authenticate.js';
import { firstAnswer } from './postgres/first-answer.js';
import { PROVIDERS, type Answer, type Provider } from './providers.js';
import { doubted, malformed, type Reading } from './read/reading.js';
import { repeatsMember } from './read/repeats-member.js';

type Refused = Extract<Reading, { readonly kind: 'refused' }>;
type Proven = Extract<Proof, { readonly kind: 'proven' }>;

/** A request at the door of one connection. */
export interface Delivered extends Arrival {
  /** The last part of the path; nobody has looked at it yet. */
  readonly connection: string;
  readonly requestId: string;
  readonly from: string;
  /** Told as soon as the sender has proven that it is this connection. */
  readonly isFrom: (door: WebhookDoor) => void;
  /** Told what it says, once that has been read. */
  readonly says: (readings: readonly Reading[]) => void;
}

export interface WebhookParts {
  readonly doors: ConnectionDoors;
  readonly deprovision: Deprovision;
  readonly transactions: Transactions;
  readonly audit: AuditLog;
  readonly attempts: FailedAttempts;
  readonly log: Log;
}

const utf8 = new TextDecoder('utf-8', { fatal: true });

/** The door of IdPs that push events: who sent it, what it says, and then the heart, one transaction for each event. */
export class Webhooks {
  readonly #parts: WebhookParts;

  constructor(parts: WebhookParts) {
    this.#parts = parts;
  }

  /**
   * Takes a delivery. When it resolves, everything that the delivery said has been committed.
   *
   * @throws DomainError `connection.unknown`; `credential.missing`, `credential.invalid`, `signal.unverified`,
   *   `signal.stale`; `signal.malformed`, `signal.subject_unreadable`, `signal.time_unreadable` when some of it could
   *   not be read (what could be has been committed all the same); `store.unavailable`
   */
  async take(delivered: Delivered): Promise<Answer> {
    const { door, provider } = await this.#open(delivered);
    const proof = provider.authenticate(delivered, door);
    if (proof.kind === 'unproven') throw await this.#refusal(door, delivered, proof);
    delivered.isFrom(door);
    if (proof.kind === 'stale')
      return this.#answerAgain(door, delivered, { provider, key: proof.id });

    const origin = originOf(door, delivered);
    const readings = readDelivery(provider, delivered, proof);
    delivered.says(readings);
    const outcomes = await this.#takeAll(origin, readings);
    await this.#refuseUnreadable(origin, readings);
    return provider.answer(outcomes);
  }

  /**
   * Answers a sender that checks the door before it sends anything.
   *
   * @throws DomainError `connection.unknown`, also for kinds that never ask; `credential.missing`,
   *   `credential.invalid`; `request.malformed` without a question
   */
  async challenge(delivered: Delivered): Promise<Answer> {
    const { door, provider } = await this.#open(delivered);
    if (provider.challenge === undefined) throw unknownConnection();
    const proof = provider.authenticate(delivered, door);
    if (proof.kind === 'unproven') throw await this.#refusal(door, delivered, proof);
    delivered.isFrom(door);
    const answer = provider.challenge(delivered);
    if (answer === null) throw new DomainError('request.malformed', 'the challenge is missing');
    return answer;
  }

  async #open({
    connection,
    from,
  }: Delivered): Promise<{ readonly door: WebhookDoor; readonly provider: Provider }> {
    const { doors, attempts } = this.#parts;
    const door = await doors.webhook(connection);
    if (door !== null && door.kind !== 'scim') return { door, provider: PROVIDERS[door.kind] };
    const reason = 'connection.unknown';
    await attempts.note({ door: 'webhooks', reason, from, credential: null, connection: null });
    throw unknownConnection();
  }

  /** Counted, not written one by one: whoever is refused here has proven nothing, and could fill the log. */
  async #refusal(
    { organization, connection }: WebhookDoor,
    { from }: Delivered,
    { code, why }: { readonly code: ErrorCode; readonly why: string },
  ): Promise<DomainError> {
    const { attempts, log } = this.#parts;
    log.warn('a webhook was refused', { organization, connection, code, why });
    const who = { credential: null, connection: { organization, connection } };
    await attempts.note({ door: 'webhooks', reason: code, from, ...who });
    return new DomainError(code, why);
  }

  /** A late retry of what we know gets the first answer; what we do not know is too late to be believed. */
  async #answerAgain(
    door: WebhookDoor,
    delivered: Delivered,
    { provider, key }: { readonly provider: Provider; readonly key: string },
  ): Promise<Answer> {
    const first = await this.#parts.transactions.read('doors', (tx) => firstAnswer(tx, door, key));
    if (first !== null) return provider.answer([first]);
    const why = 'webhook-timestamp: more than 5 minutes away';
    throw await this.#refusal(door, delivered, { code: 'signal.stale', why });
  }

  /**
   * Each event a transaction of its own. If one fails, the others are taken all
   * the same; the sender hears a 5xx, sends everything again, and what has been committed answers as a repeat.
   */
  async #takeAll(origin: Origin, readings: readonly Reading[]): Promise<readonly SignalOutcome[]> {
    const outcomes: SignalOutcome[] = [];
    const failures: unknown[] = [];
    const signals = signalsIn(readings);
    for (const [operation, signal] of signals.entries())
      try {
        const outcome = await this.#parts.deprovision.takeSignal({
          origin: signals.length > 1 ? { ...origin, operation } : origin,
          signal,
        });
        this.#alarm(origin, outcome);
        outcomes.push(outcome);
      } catch (error) {
        // Without the store the next one fares no better, and the sender's patience is short.
        if (error instanceof DomainError && error.sort === 'unavailable') throw error;
        failures.push(error);
      }
    if (failures.length > 0) throw failures[0];
    return outcomes;
  }

  /**
   * Somebody may have left and still be let in: a person must look at the open case. There is none when the signal
   * only gives access back, as Okta says of everybody whom it activates.
   */
  #alarm(
    { organization, connection }: Origin,
    { kind, signal, case: opened, repeated }: SignalOutcome,
  ): void {
    if (repeated || opened === null || kind === 'applied' || kind === 'irrelevant') return;
    const fields = { organization, connection, signal, outcome: kind };
    const { log } = this.#parts;
    if (kind === 'unknown_person')
      log.alarm('signal_person_unknown', 'a signal names nobody whom we know', fields);
    else log.alarm('signal_person_ambiguous', 'a signal may mean several people', fields);
  }

  /** @throws DomainError when there is anything to refuse, after it stands in the audit log */
  async #refuseUnreadable(origin: Origin, readings: readonly Reading[]): Promise<void> {
    const { transactions, audit, log } = this.#parts;
    const refused = readings.filter((reading) => reading.kind === 'refused');
    const [first] = refused;
    if (first === undefined) return;
    await transactions.run('deprovision', async (tx) => {
      const at = (await audit.now(tx)).toISOString();
      await audit.append(
        tx,
        refused.map((reading) => refusalEntry(origin, at, reading)),
      );
    });
    const { organization, connection, requestId } = origin;
    log.alarm('signal_unreadable', 'a proven sender said what we cannot read', {
      organization,
      connection,
      request_id: requestId,
      refused: refused.map(({ code, why }) => ({ code, why })),
    });
    throw new DomainError(first.code, first.why);
  }
}

const unknownConnection = (): DomainError =>
  new DomainError('connection.unknown', 'there is no such webhook');

const originOf = (
  { organization, connection }: WebhookDoor,
  { requestId, receivedAt }: Delivered,
): Origin => ({ organization, connection, requestId, receivedAt });

function readDelivery(
  provider: Provider,
  { body, receivedAt }: Delivered,
  { id, sentAt }: Proven,
): readonly Reading[] {
  let text: string;
  let value: unknown;
  try {
    text = utf8.decode(body);
    value = JSON.parse(text);
  } catch {
    return [malformed(id, 'the body is no JSON in UTF-8')];
  }
  const readings = provider.read(value, { receivedAt, id, sentAt });
  return repeatsMember(text) ? doubted(readings, id) : readings;
}

/** As it happened; what changes nothing comes last, so that it keeps nobody waiting who must be let go (P8). */
const signalsIn = (readings: readonly Reading[]): readonly VerifiedSignal[] =>
  readings
    .flatMap((reading) => (reading.kind === 'refused' ? [] : [reading.signal]))
    .sort(
      (a, b) =>
        Number(a.effect === 'none') - Number(b.effect === 'none') ||
        a.occurredAt.getTime() - b.occurredAt.getTime(),
    );

const refusalEntry = (
  { organization, connection, requestId }: Origin,
  at: string,
  { code, event, why }: Refused,
) =>
  entryOf({
    id: newId<EntryId>(),
    org: organization,
    at,
    action: 'signal.refused',
    outcome: 'refused',
    actor: { type: 'connection', id: connection },
    connection,
    request_id: requestId,
    detail: { code, event, why },
  });
