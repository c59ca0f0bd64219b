import type { Policy } from '../../src/contract/lease.js';

/**
 * What happened, as somebody outside sees it: who asked for what, when it was acknowledged, and what each gateway
 * said. Moments are numbers that only rise; milliseconds are true time.
 */
export interface Span {
  readonly began: number;
  /** When the answer was there, whatever it was. */
  readonly ended: number;
}

/** A device was enrolled; all that is issued from it is this family's. */
export interface Enrolment extends Span {
  /** Which key has signed the token that came with it. */
  readonly key: string;
  readonly family: string;
  /** `scope/id` of everything whose revocation ends it, itself included. */
  readonly subjects: readonly string[];
}

/** An access token was handed out. */
export interface Minting extends Span {
  readonly key: string;
  readonly family: string;
}

export interface Revocation extends Span {
  readonly subject: string;
  /** Nothing is issued to the subject until it returns. */
  readonly holds: boolean;
  /** True time of the acknowledgement; null when nobody was told. */
  readonly ackMs: number | null;
  /** By which receipts name it; null when nobody was told. */
  readonly case: string | null;
}

export interface Return extends Span {
  readonly subject: string;
}

export interface Decision {
  readonly moment: number;
  readonly ms: number;
  readonly gateway: string;
  readonly policy: Policy;
  /** How far its clock is off beyond what the promise allows. */
  readonly clockOffMs: number;
  readonly family: string;
  /** Which key has signed the token. */
  readonly key: string;
  readonly word: 'allow' | 'deny' | 'unsure';
  /** Only with a denial. */
  readonly why: 'revoked' | 'time' | 'other' | null;
  /** Nothing is broken any more, and everything has had its time. */
  readonly isSettled: boolean;
}

/** The gateway says that it has applied what belongs to the case. */
export interface Confirmed {
  readonly moment: number;
  readonly gateway: string;
  readonly case: string;
}

export interface Facts {
  readonly enrolments: readonly Enrolment[];
  readonly mintings: readonly Minting[];
  readonly revocations: readonly Revocation[];
  readonly returns: readonly Return[];
  readonly decisions: readonly Decision[];
  readonly confirmed: readonly Confirmed[];
}

export interface Wrong {
  readonly rule:
    | 'accepted after the bound'
    | 'accepted after the receipt'
    | 'an innocent denied'
    | 'issued after the acknowledgement'
    | 'undecided although all is well'
    | 'accepted although all is well'
    | 'gateways disagree';
  readonly detail: string;
}

/** Whether a revocation ends an enrolment; `maybe` when they ran beside each other, or nobody knows its outcome. */
type Hit = 'yes' | 'no' | 'maybe';

/** S and, for balanced gateways, how often. */
const BOUND: Readonly<Record<Policy, number>> = {
  strict: 1,
  balanced: 3,
  'best-effort': Infinity,
};

export function check(facts: Facts, stalenessMs: number): readonly Wrong[] {
  const enrolled = new Map(facts.enrolments.map((one) => [one.family, one]));
  const hits = new Map(
    facts.enrolments.map((one) => [
      one.family,
      facts.revocations.map((revocation) => ({ revocation, hit: hitOf(one, revocation, facts) })),
    ]),
  );
  const wrong: Wrong[] = [];
  for (const decision of facts.decisions) {
    const enrolment = enrolled.get(decision.family);
    if (enrolment === undefined) throw new Error('a decision about nobody');
    const about = [...(hits.get(decision.family) ?? []), ...ofKey(decision.key, facts)].filter(
      ({ revocation }) => revocation.began < decision.moment,
    );
    const rule = judge(decision, about, facts, stalenessMs);
    if (rule !== null) wrong.push({ rule, detail: JSON.stringify({ decision, about }) });
  }
  return [...wrong, ...issuedTooLate(facts, hits, enrolled), ...disagreements(facts)];
}

/** Whoever's key is withdrawn has signed nothing good, whenever that was. */
const ofKey = (key: string, { revocations }: Facts): About =>
  revocations
    .filter(({ subject }) => subject === `kid/${key}`)
    .map((revocation) => ({ revocation, hit: revocation.ackMs === null ? 'maybe' : 'yes' }));

type About = readonly { readonly revocation: Revocation; readonly hit: Hit }[];

function judge(
  { word, why, ms, moment, gateway, policy, clockOffMs, isSettled }: Decision,
  about: About,
  { confirmed }: Facts,
  stalenessMs: number,
): Wrong['rule'] | null {
  const dead = about.filter(({ hit, revocation }) => hit === 'yes' && revocation.ended < moment);
  const isInnocent = about.every(({ hit }) => hit === 'no');
  if (word === 'unsure') return isSettled ? 'undecided although all is well' : null;
  if (word === 'deny') {
    const isItsClock = why === 'time' && clockOffMs > 0;
    return isInnocent && !isItsClock ? 'an innocent denied' : null;
  }
  if (isSettled && dead.length > 0) return 'accepted although all is well';
  const boundMs = BOUND[policy] * stalenessMs + clockOffMs;
  if (dead.some(({ revocation: { ackMs } }) => ackMs !== null && ms > ackMs + boundMs))
    return 'accepted after the bound';
  const isConfirmed = dead.some(({ revocation }) =>
    confirmed.some(
      (one) => one.gateway === gateway && one.case === revocation.case && one.moment < moment,
    ),
  );
  return isConfirmed ? 'accepted after the receipt' : null;
}

function hitOf(enrolment: Enrolment, revocation: Revocation, { returns }: Facts): Hit {
  const { subject, began, ended, ackMs, holds } = revocation;
  if (!enrolment.subjects.includes(subject)) return 'no';
  if (enrolment.began > ended) return 'no';
  if (ackMs === null) return 'maybe';
  if (enrolment.ended < began) return 'yes';
  // Side by side: behind a hold nothing is issued, so what was issued came first, unless somebody came back.
  const cameBack = returns.some(
    (one) => one.subject === subject && one.ended > began && one.began < enrolment.ended,
  );
  return holds && !cameBack ? 'yes' : 'maybe';
}

/** Dead stays dead: nothing comes from an enrolment that has ended, and nobody who has left enrols. */
function issuedTooLate(
  { mintings, enrolments, revocations, returns }: Facts,
  hits: ReadonlyMap<string, About>,
  enrolled: ReadonlyMap<string, Enrolment>,
): Wrong[] {
  const fromDead = mintings.filter(({ family, began }) =>
    (hits.get(family) ?? []).some(
      ({ hit, revocation }) => hit === 'yes' && revocation.ended < began,
    ),
  );
  const byGone = enrolments.filter((enrolment) =>
    revocations.some(
      ({ subject, holds, ackMs, began, ended }) =>
        holds &&
        ackMs !== null &&
        enrolment.subjects.includes(subject) &&
        ended < enrolment.began &&
        !returns.some(
          (one) => one.subject === subject && one.ended > began && one.began < enrolment.ended,
        ),
    ),
  );
  const byWithdrawn = [...enrolments, ...mintings].filter(({ key, began }) =>
    revocations.some(
      ({ subject, ackMs, ended }) => subject === `kid/${key}` && ackMs !== null && ended < began,
    ),
  );
  return [
    ...fromDead.map((minting) => ({ minting, of: enrolled.get(minting.family) })),
    ...byGone,
    ...byWithdrawn,
  ].map((what) => ({ rule: 'issued after the acknowledgement', detail: JSON.stringify(what) }));
}

/** About what ran side by side nobody outside knows more, but all gateways must say the same. */
function disagreements({ decisions }: Facts): Wrong[] {
  const words = new Map<string, Set<string>>();
  for (const { isSettled, family, key, word } of decisions) {
    if (!isSettled) continue;
    const token = `${family}, signed with ${key}`;
    const said = words.get(token) ?? new Set();
    words.set(token, said.add(word));
  }
  return [...words]
    .filter(([, said]) => said.size > 1)
    .map(([token, said]) => ({
      rule: 'gateways disagree',
      detail: `${token}: ${[...said].join(', ')}`,
    }));
}
