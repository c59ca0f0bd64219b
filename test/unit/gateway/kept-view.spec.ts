// P3, P4, P9: a view that was kept on disk is whole or thrown away, forgets nothing that it knew, and is never fresh.
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { Policy } from '../../../src/contract/lease.js';
import { digestOf } from '../../../src/gateway/crypto/digest.js';
import { PublicKeys } from '../../../src/gateway/crypto/public-keys.js';
import { createGuard } from '../../../src/gateway/guard.js';
import { Disk } from '../../../src/gateway/keep/disk.js';
import { IssuersFile } from '../../../src/gateway/keep/issuers-file.js';
import { ViewFile } from '../../../src/gateway/keep/view-file.js';
import { restAfter, ViewKeeper } from '../../../src/gateway/keep/view-keeper.js';
import type { GatewayEvent } from '../../../src/gateway/report.js';
import { authenticate } from '../../../src/gateway/view/authenticate.js';
import type { KeptView } from '../../../src/gateway/view/kept-view.js';
import type { Now } from '../../../src/gateway/view/now.js';
import { View } from '../../../src/gateway/view/view.js';
import { Secret } from '../../../src/kernel/secret.js';
import { Subject } from '../../../src/gateway/view/subject.js';
import { TokenMint } from '../../support/access-tokens.js';
import { FakeClock } from '../../support/fake-clock.js';
import { foreignIssuer } from '../../support/foreign-idp.js';
import { received, TopicWriter, type Written } from '../../support/topic-writer.js';

const KEY = new Secret('ofs_gateway_visibly_fake');
const S_MS = 10_000;
const UUID = '00000000-ffff-7abc-8def-0123456789ab';
const mint = new TokenMint();

/** A disk in memory: what it holds can be changed byte by byte. */
class MemoryDisk extends Disk {
  bytes: Buffer | null = null;

  override replace(_file: string, text: Iterable<string>): Promise<void> {
    this.bytes = Buffer.from([...text].join(''));
    return Promise.resolve();
  }

  override read(): Promise<Buffer | null> {
    return Promise.resolve(this.bytes);
  }

  override remove(): Promise<void> {
    this.bytes = null;
    return Promise.resolve();
  }
}

/** Fails, before or after it has done what it was asked for. */
class BreakingDisk extends Disk {
  breaks: 'before' | 'after' | null = null;
  isReadOnly = false;

  override remove(file: string): Promise<void> {
    return this.isReadOnly ? Promise.reject(new Error('EROFS')) : super.remove(file);
  }

  override async replace(file: string, text: Iterable<string>): Promise<void> {
    if (this.breaks === 'before') throw new Error('the disk is full');
    await super.replace(file, text);
    if (this.breaks === 'after') throw new Error('the disk is gone');
  }
}

let clock: FakeClock;
let writer: TopicWriter;
let directory: string;
beforeEach(async () => {
  clock = new FakeClock();
  writer = new TopicWriter();
  directory = await mkdtemp(join(tmpdir(), 'kept-view-'));
});
afterEach(() => rm(directory, { recursive: true }));

const now = (): Now => ({ wallMs: clock.now().getTime(), monotonicMs: clock.monotonicMs() });

const emptyView = (): View =>
  new View(
    {
      installation: writer.installation,
      topic: writer.topic,
      partitions: 1,
      windowMs: 3_600_000,
      stalenessMs: S_MS,
      skewMs: 1_000,
    },
    0,
  );

function tell(view: View, written: readonly Written[]): void {
  const { verify } = new PublicKeys(writer.keys.publicJwks);
  const messages = written.map((one) => received(one));
  view.accept(0, authenticate(messages, { verify, digest: digestOf }).authentic, now());
}

/** The installation's partition, from its genesis on. */
const chain = (): TopicWriter =>
  new TopicWriter({
    installation: writer.installation,
    topic: writer.topic,
    keys: writer.keys,
  });

/** A fresh view that knows these revocations. */
function freshView(records: readonly Written[] = []): View {
  const view = emptyView();
  const watermarks = chain();
  view.restart(0, -Infinity);
  tell(view, [watermarks.watermark(now().wallMs), ...records]);
  view.reachedEnd(0);
  tell(view, [watermarks.watermark(now().wallMs, records)]);
  expect(view.freshness(now()).state).toBe('fresh');
  return view;
}

const fileOn = (disk: Disk, key = KEY): ViewFile => new ViewFile(directory, key, disk);

/** What another process finds. */
async function readBy(disk: Disk): Promise<KeptView> {
  const found = await fileOn(disk).read();
  if (found === null || typeof found === 'string') throw new Error(`found ${found}`);
  return found;
}

async function kept(view: View, disk: Disk = new MemoryDisk()): Promise<View> {
  await fileOn(disk).write(view.keep(now())!);
  const next = emptyView();
  expect(next.restore(await readBy(disk), now())).toBe(true);
  return next;
}

const guardOf = (view: View, policy: Policy) =>
  createGuard({
    view,
    keys: new PublicKeys({ keys: [mint.jwk] }),
    rules: {
      issuer: 'urn:offswitch:test',
      audience: 'offswitch',
      maxTtlS: 3600,
      stalenessMs: S_MS,
      skewMs: 1_000,
    },
    policy,
    clock,
  });
const token = (): string => mint.token(mint.claims(clock.now().getTime() / 1000));

describe('a view that was kept', () => {
  it('knows what it knew: subjects, foreign subjects, revoked keys', async () => {
    const view = await kept(
      freshView([
        writer.record({ scope: 'user', subject: 'u', generation: 7 }),
        writer.record({ scope: 'device', subject: UUID, generation: 5 }),
        writer.record({ scope: 'family', subject: 'line\nbreak "__proto__"', generation: 3 }),
        writer.record({ scope: 'kid', subject: 'a-key' }),
        writer.record({ scope: 'ext', org: 'o', subject: 'theirs', not_before: 99 }),
      ]),
    );
    expect([
      view.least('user', new Subject('u')),
      view.least('device', new Subject(UUID)),
      view.least('family', new Subject('line\nbreak "__proto__"')),
      view.isKidRevoked('a-key'),
      view.notBefore('o', 'theirs'),
      view.size,
    ]).toEqual([7, 5, 3, true, 99, 5]);
  });

  it('is older than S for a strict guard at once, and until a watermark comes', async () => {
    const view = await kept(freshView());
    const guard = guardOf(view, 'strict');
    expect(guard.check(token())).toMatchObject({ kind: 'unsure', reason: 'view.stale' });
    expect(guard.checkWith('none', token())).toMatchObject({ kind: 'unsure' });
    view.restart(0, -Infinity);
    tell(view, [chain().watermark(now().wallMs)]);
    view.reachedEnd(0);
    expect(guard.check(token())).toMatchObject({ kind: 'allow', isStale: false });
  });

  it('serves a balanced guard until 3·S after its T, and denies what it knows', async () => {
    const claims = mint.claims(clock.now().getTime() / 1000);
    const record = writer.record({ scope: 'user', subject: claims.sub as string, generation: 2 });
    const view = await kept(freshView([record]));
    const guard = guardOf(view, 'balanced');
    expect(guard.checkWith('none', token())).toMatchObject({ kind: 'allow', isStale: true });
    expect(guard.check(mint.token(claims))).toEqual({ kind: 'deny', reason: 'revoked.user' });
    clock.advance(3 * S_MS);
    expect(guard.checkWith('none', token())).toMatchObject({ kind: 'unsure' });
    expect(guard.check(mint.token(claims))).toEqual({ kind: 'deny', reason: 'revoked.user' });
  });

  it('is as old as its T when an older copy is put back', async () => {
    const disk = new MemoryDisk();
    await fileOn(disk).write(freshView().keep(now())!);
    const older = disk.bytes;
    clock.advance(3 * S_MS);
    await fileOn(disk).write(freshView().keep(now())!);
    disk.bytes = older;
    const view = emptyView();
    view.restore(await readBy(disk), now());
    expect(guardOf(view, 'strict').check(token()).kind).toBe('unsure');
    expect(guardOf(view, 'balanced').checkWith('none', token()).kind).toBe('unsure');
  });

  it('says nothing about its age when its T has not come yet', async () => {
    const disk = new MemoryDisk();
    await fileOn(disk).write({ ...freshView().keep(now())!, tMs: now().wallMs + 60_000 });
    const view = emptyView();
    view.restore(await readBy(disk), now());
    expect(guardOf(view, 'balanced').checkWith('none', token()).kind).toBe('unsure');
  });

  it('is not taken from another installation', () => {
    const found = { ...freshView().keep(now())!, installation: 'another' };
    const view = emptyView();
    expect([view.restore(found, now()), view.freshness(now()).state]).toEqual([false, 'unloaded']);
  });

  it('is usable by nobody when a message of a later version was met, until the window is over', async () => {
    const fresh = freshView([writer.record({ scope: 'user', subject: 'u', generation: 7 })]);
    fresh.meetLater(now());
    const view = await kept(await kept(fresh));
    const guard = guardOf(view, 'best-effort');
    const outcomes = (): unknown[] =>
      [guard.check(token()), guard.checkWith('none', token())].map((verdict) =>
        verdict.kind === 'unsure' ? verdict.reason : verdict.kind,
      );
    expect([...outcomes(), view.least('user', new Subject('u'))]).toEqual([
      'view.unusable',
      'view.unusable',
      7,
    ]);
    const watermarks = chain();
    const follow = (): void => {
      tell(view, [watermarks.watermark(now().wallMs)]);
    };
    view.restart(0, -Infinity);
    follow();
    view.reachedEnd(0);
    expect(outcomes()).toEqual(['view.unusable', 'view.unusable']);
    clock.advance(3_600_000 + 60_000);
    follow();
    expect(outcomes()).toEqual(['allow', 'allow']);
  });

  it('is written with a message of a later version also when it is not fresh, and says no age then', async () => {
    const unloaded = emptyView();
    const old = freshView();
    clock.advance(3 * S_MS);
    unloaded.meetLater(now());
    old.meetLater(now());
    for (const view of [unloaded, old]) {
      expect(view.keep(now())).toMatchObject({ tMs: 0, unreadMs: now().wallMs });
      expect((await kept(view)).freshness(now())).toEqual({ state: 'unusable' });
    }
  });

  it('takes nothing from what this process has met itself', async () => {
    const disk = new MemoryDisk();
    await fileOn(disk).write(freshView().keep(now())!);
    const view = emptyView();
    view.meetLater(now());
    view.restore(await readBy(disk), now());
    expect(view.freshness(now())).toEqual({ state: 'unusable' });
  });

  it('is not written while it is not fresh', () => {
    const view = freshView();
    clock.advance(S_MS);
    expect([emptyView().keep(now()), view.keep(now())]).toEqual([null, null]);
  });
});

describe('a file that is no good is found and thrown away', () => {
  const written = async (): Promise<Buffer> => {
    const disk = new MemoryDisk();
    const records = [writer.record({ subject: 'u', generation: 7 }), writer.record()];
    await fileOn(disk).write(freshView(records).keep(now())!);
    return disk.bytes!;
  };
  const outcome = async (bytes: Buffer, key = KEY): Promise<unknown> => {
    const disk = new MemoryDisk();
    disk.bytes = bytes;
    const found = await fileOn(disk, key).read();
    const left = await disk.read();
    return left === null ? found : 'kept';
  };

  it('cut short, wherever', async () => {
    const bytes = await written();
    for (let length = 0; length < bytes.length; length += 1)
      expect(await outcome(bytes.subarray(0, length))).toBe('damaged');
  });

  it('with any bit of it flipped', async () => {
    const bytes = await written();
    for (let bit = 0; bit < 8 * bytes.length; bit += 1) {
      const changed = Buffer.from(bytes);
      changed[bit >> 3]! ^= 1 << (bit & 7);
      expect(await outcome(changed)).toBe('damaged');
    }
  });

  it('with something before or behind it, or a line taken out', async () => {
    const bytes = await written();
    const lines = bytes.toString().split('\n');
    const shorter = Buffer.from([...lines.slice(0, 1), ...lines.slice(2)].join('\n'));
    for (const changed of [
      Buffer.concat([bytes, Buffer.from('\n')]),
      Buffer.concat([Buffer.from('\n'), bytes]),
      shorter,
    ])
      expect(await outcome(changed)).toBe('damaged');
  });

  it('written by a gateway with another key', async () => {
    expect(await outcome(await written(), new Secret('ofs_gateway_another'))).toBe('damaged');
    expect(await outcome(await written())).toBe('kept');
  });
});

describe('writing it', () => {
  const events: GatewayEvent[] = [];
  const keeperOn = (disk: Disk, view: View): ViewKeeper =>
    new ViewKeeper({
      file: fileOn(disk),
      view: () => view.keep(now()),
      everyMs: 1,
      clock,
      report: (event) => events.push(event),
    });
  beforeEach(() => {
    events.splice(0);
  });
  const known = (generation: number): View =>
    freshView([writer.record({ subject: 'u', generation })]);
  const found = async (): Promise<number> => {
    const view = emptyView();
    view.restore(await readBy(new Disk()), now());
    return view.least('user', new Subject('u'));
  };

  it.each([
    ['before', 1],
    ['after', 2],
  ] as const)('fails %s the disk has it: the file is whole, and said', async (breaks, least) => {
    const disk = new BreakingDisk();
    await keeperOn(disk, known(1)).keep();
    disk.breaks = breaks;
    await keeperOn(disk, known(2)).keep();
    expect(events).toMatchObject([{ kind: 'view.not-kept' }]);
    expect(await found()).toBe(least);
    disk.breaks = null;
    await keeperOn(disk, known(3)).keep();
    expect(await found()).toBe(3);
  });

  it('leaves the file before alone when it dies half-way', async () => {
    await keeperOn(new Disk(), known(1)).keep();
    await writeFile(join(directory, 'view.state.new'), '{"v":1,"inst');
    expect(await found()).toBe(1);
    await keeperOn(new Disk(), known(2)).keep();
    expect(await found()).toBe(2);
    expect(await readdir(directory)).toEqual(['view.state']);
  });

  it('happens once more when the process is told to end', async () => {
    const running = new AbortController();
    const ended = keeperOn(new Disk(), known(6)).run(running.signal);
    running.abort();
    await ended;
    expect(await found()).toBe(6);
  });

  it('takes a twentieth of the time at most, and never comes sooner than it may', () => {
    expect([restAfter(10, 10_000), restAfter(2_000, 10_000)]).toEqual([10_000, 38_000]);
  });
});

describe('the keys of foreign issuers on disk', () => {
  const reports: GatewayEvent[] = [];
  const issuers = [{ issuer: foreignIssuer(), keys: [], atMs: 1 }];
  const file = (disk: Disk, gatewayKey = KEY) =>
    new IssuersFile({ directory, gatewayKey, disk, report: (event) => reports.push(event) });

  it('are read by the next process, and by nobody with another key', async () => {
    const disk = new MemoryDisk();
    expect(await file(disk).read()).toEqual([]);
    await file(disk).write(() => issuers);
    expect(await file(disk).read()).toEqual(issuers);
    expect(await file(disk, new Secret('ofs_gateway_another')).read()).toEqual([]);
  });

  it('are none wherever they were changed or cut short', async () => {
    const disk = new MemoryDisk();
    await file(disk).write(() => issuers);
    const whole = disk.bytes!;
    for (let at = 0; at < whole.length; at += 1) {
      disk.bytes = Buffer.from(whole);
      disk.bytes[at]! ^= 1;
      expect(await file(disk).read()).toEqual([]);
      disk.bytes = whole.subarray(0, at);
      expect(await file(disk).read()).toEqual([]);
    }
  });

  it('are written as they are when their turn comes, once for all who ask meanwhile', async () => {
    const disk = new MemoryDisk();
    const one = file(disk);
    let asked = 0;
    const now = () => issuers.slice(0, (asked += 1) - 1);
    await Promise.all([one.write(now), one.write(now), one.write(now)]);
    expect(asked).toBe(1);
    await one.write(now);
    expect(await file(disk).read()).toEqual(issuers);
  });

  it.each(['before', 'after'] as const)(
    'are none when the disk breaks %s writing others: a withdrawn key does not come back',
    async (moment) => {
      reports.length = 0;
      const disk = new BreakingDisk();
      const one = file(disk);
      await one.write(() => issuers);
      expect(await file(new Disk()).read()).toEqual(issuers);
      disk.breaks = moment;
      await one.write(() => []);
      expect(await file(new Disk()).read()).toEqual([]);
      expect(reports).toMatchObject([{ kind: 'issuers.not-kept', isOlderLeft: false }]);
    },
  );

  it('stay as they were when the disk lets nothing be written or removed, and that is said', async () => {
    reports.length = 0;
    const disk = new BreakingDisk();
    const one = file(disk);
    await one.write(() => issuers);
    disk.breaks = 'before';
    disk.isReadOnly = true;
    await one.write(() => []);
    expect(await file(new Disk()).read()).toEqual(issuers);
    expect(reports).toMatchObject([{ kind: 'issuers.not-kept', isOlderLeft: true }]);
  });
});
