import { DomainError } from '../../kernel/domain-error.js';

export interface BatchRules {
  /** So many batches of one line are under way at once. */
  readonly atOnce: number;
  /** So many questions go in one batch. */
  readonly most: number;
  /** Who waits longer for a batch to begin hears that the store is unavailable. */
  readonly patienceMs: number;
}

interface Asking<Question, Answer> {
  readonly question: Question;
  readonly late: NodeJS.Timeout;
  readonly resolve: (answer: Answer) => void;
  readonly reject: (why: unknown) => void;
}

interface Line<Question, Answer> {
  /** In the order in which they came. */
  readonly waiting: Set<Asking<Question, Answer>>;
  underWay: number;
}

/**
 * Answers together what is asked while others are being answered. Who asks alone does not wait for company, and nobody
 * joins a batch that has begun: whatever an answer goes by is read after its question was asked.
 */
export class Batches<Question, Answer extends object | null> {
  readonly #rules: BatchRules;
  readonly #carryOut: (questions: readonly Question[]) => Promise<readonly Answer[]>;
  readonly #lines = new Map<string, Line<Question, Answer>>();

  /** @param carryOut gives the answers in the order of the questions; when it throws, each of them hears that */
  constructor(
    rules: BatchRules,
    carryOut: (questions: readonly Question[]) => Promise<readonly Answer[]>,
  ) {
    this.#rules = rules;
    this.#carryOut = carryOut;
  }

  /**
   * @param name only questions of one line go together
   * @throws DomainError `store.unavailable` when no batch began in time; the question was not looked at then
   */
  answer(question: Question, name = ''): Promise<Answer> {
    const line = this.#lineOf(name);
    return new Promise((resolve, reject) => {
      const late = setTimeout(() => {
        line.waiting.delete(asking);
        reject(new DomainError('store.unavailable', 'too many requests are waiting'));
      }, this.#rules.patienceMs);
      const asking = { question, late, resolve, reject };
      line.waiting.add(asking);
      if (line.underWay >= this.#rules.atOnce) return;
      line.underWay += 1;
      // What arrives in the same turn of the event loop goes along.
      setImmediate(() => void this.#run(name, line));
    });
  }

  #lineOf(name: string): Line<Question, Answer> {
    let line = this.#lines.get(name);
    if (line === undefined) this.#lines.set(name, (line = { waiting: new Set(), underWay: 0 }));
    return line;
  }

  /** Never rejects. */
  async #run(name: string, line: Line<Question, Answer>): Promise<void> {
    while (line.waiting.size > 0) await this.#one(this.#taken(line));
    line.underWay -= 1;
    if (line.underWay === 0) this.#lines.delete(name);
  }

  #taken({ waiting }: Line<Question, Answer>): readonly Asking<Question, Answer>[] {
    const taken = [...waiting].slice(0, this.#rules.most);
    for (const asking of taken) {
      clearTimeout(asking.late);
      waiting.delete(asking);
    }
    return taken;
  }

  async #one(asking: readonly Asking<Question, Answer>[]): Promise<void> {
    try {
      const answers = await this.#carryOut(asking.map(({ question }) => question));
      for (const [i, { resolve, reject }] of asking.entries()) {
        const answer = answers[i];
        if (answer === undefined) reject(new TypeError('a question was left without an answer'));
        else resolve(answer);
      }
    } catch (error) {
      for (const { reject } of asking) reject(error);
    }
  }
}
