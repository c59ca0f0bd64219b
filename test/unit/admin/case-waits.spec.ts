// P8: those who wait for cases cost one look at a time, however many they are, and every wait ends.
import { setMaxListeners } from 'node:events';
import { afterEach, describe, expect, it } from '@jest/globals';
import { CaseWaits } from '../../../src/admin/case-waits.js';
import type { CaseName, CaseState, CaseView } from '../../../src/cases/index.js';
import { newId, type CaseId, type OrganizationId } from '../../../src/kernel/ids.js';
import { Loops } from '../../../src/platform/loop/loops.js';
import { eventually } from '../../support/eventually.js';
import { RememberingLog } from '../../support/remembering-log.js';

const LONG_MS = 600_000;
const here = new AbortController().signal;
setMaxListeners(0, here);

/** What the database says of cases, and how often it was asked. */
class Ledger {
  readonly states = new Map<string, CaseState>();
  readonly looks: number[] = [];
  atOnce = 0;
  mostAtOnce = 0;
  isAway = false;

  readonly look = async (names: readonly CaseName[]): Promise<readonly CaseView[]> => {
    this.looks.push(names.length);
    this.atOnce += 1;
    this.mostAtOnce = Math.max(this.mostAtOnce, this.atOnce);
    await new Promise(setImmediate);
    this.atOnce -= 1;
    if (this.isAway) throw new Error('away');
    return names.map(({ id }) => viewOf(id, this.states.get(id) ?? 'open'));
  };
}

const viewOf = (id: CaseId, state: CaseState): CaseView =>
  ({ id, state }) as Partial<CaseView> as CaseView;

const loops: Loops[] = [];
afterEach(() => Promise.all(loops.splice(0).map((one) => one.stop())));

function started(ledger: Ledger): CaseWaits {
  const log = new RememberingLog();
  const waits = new CaseWaits({ look: ledger.look, log, eachMs: 1 });
  const own = new Loops(log);
  own.start('waits', (stop) => waits.run(stop));
  loops.push(own);
  return waits;
}

const named = (): CaseName => ({ organization: newId<OrganizationId>(), id: newId<CaseId>() });
const wait = (waits: CaseWaits, name: CaseName, ms = LONG_MS, gone = here): Promise<CaseState> =>
  waits.wait(name, viewOf(name.id, 'open'), ms, gone).then(({ state }) => state);

describe('a wait', () => {
  it.each<CaseState>(['enforced', 'bounded', 'unconfirmed'])(
    'ends when the case is %s',
    async (state) => {
      const ledger = new Ledger();
      const waits = started(ledger);
      const name = named();
      const waiting = wait(waits, name);
      await eventually(() => ledger.looks.length >= 3);
      expect(waits.waiters).toBe(1);
      ledger.states.set(name.id, state);
      await expect(waiting).resolves.toBe(state);
      expect(waits.waiters).toBe(0);
    },
  );

  it('ends after its time with the case as it is', async () => {
    await expect(wait(started(new Ledger()), named(), 5)).resolves.toBe('open');
  });

  it('ends when nobody is left to be answered', async () => {
    const waits = started(new Ledger());
    const gone = new AbortController();
    const waiting = wait(waits, named(), LONG_MS, gone.signal);
    expect(waits.waiters).toBe(1);
    gone.abort();
    await expect(waiting).resolves.toBe('open');
    expect(waits.waiters).toBe(0);
  });

  it('ends with the service, and after that none begins', async () => {
    const waits = started(new Ledger());
    const waiting = [named(), named()].map((name) => wait(waits, name));
    waits.end();
    await expect(Promise.all(waiting)).resolves.toEqual(['open', 'open']);
    await expect(wait(waits, named())).resolves.toBe('open');
    expect(waits.waiters).toBe(0);
  });

  it('does not begin for a case that is settled, for nobody, and for no time', async () => {
    const ledger = new Ledger();
    const waits = started(ledger);
    const name = named();
    const settled = viewOf(name.id, 'enforced');
    await expect(waits.wait(name, settled, LONG_MS, here)).resolves.toBe(settled);
    await expect(wait(waits, name, LONG_MS, AbortSignal.abort())).resolves.toBe('open');
    await expect(wait(waits, name, 0)).resolves.toBe('open');
    expect(ledger.looks).toEqual([]);
  });

  it('outlasts a database that is away', async () => {
    const ledger = new Ledger();
    ledger.isAway = true;
    const waits = started(ledger);
    const name = named();
    const waiting = wait(waits, name);
    await eventually(() => ledger.looks.length >= 2);
    ledger.states.set(name.id, 'enforced');
    ledger.isAway = false;
    await expect(waiting).resolves.toBe('enforced');
  });
});

describe('many who wait', () => {
  it('are one look at a time, with each case in it once', async () => {
    const ledger = new Ledger();
    const waits = started(ledger);
    const names = [named(), named(), named()];
    const waiting = Array.from({ length: 150 }, (_, i) => wait(waits, names[i % 3]!));
    expect(waits.waiters).toBe(150);
    await eventually(() => ledger.looks.length >= 5);
    for (const { id } of names) ledger.states.set(id, 'enforced');
    await expect(Promise.all(waiting)).resolves.toEqual(Array(150).fill('enforced'));
    expect(ledger.mostAtOnce).toBe(1);
    expect(Math.max(...ledger.looks)).toBe(3);
  });

  it('take turns when their cases are too many for one look', async () => {
    const ledger = new Ledger();
    const waits = started(ledger);
    const names = Array.from({ length: 250 }, named);
    const waiting = names.map((name) => wait(waits, name));
    await eventually(() => ledger.looks.length >= 6);
    for (const { id } of names) ledger.states.set(id, 'enforced');
    await Promise.all(waiting);
    expect(Math.max(...ledger.looks)).toBe(100);
  });

  it('are asked about no more when the last of them has been answered', async () => {
    const ledger = new Ledger();
    const waits = started(ledger);
    const name = named();
    ledger.states.set(name.id, 'enforced');
    await wait(waits, name);
    const looks = ledger.looks.length;
    const other = named();
    ledger.states.set(other.id, 'enforced');
    await wait(waits, other);
    expect(ledger.looks.slice(looks)).toEqual([1]);
  });

  it('of one organization leave room for the others', async () => {
    const waits = started(new Ledger());
    const organization = newId<OrganizationId>();
    const waiting: Promise<CaseState>[] = [];
    for (let more = 0; waits.hasRoom(organization); more += 1) {
      expect(more).toBeLessThan(1_000);
      waiting.push(wait(waits, { organization, id: newId<CaseId>() }));
    }
    expect(waits.hasRoom(newId<OrganizationId>())).toBe(true);
    for (let more = 0; waits.hasRoom(null); more += 1) {
      expect(more).toBeLessThan(1_001);
      waiting.push(wait(waits, named()));
    }
    expect(waits.hasRoom(newId<OrganizationId>())).toBe(false);
    waits.end();
    await Promise.all(waiting);
  });
});
