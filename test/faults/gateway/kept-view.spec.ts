// P3, P9: a gateway that starts while everything is away knows what the one before it knew, and says no more than that.
import { appendFile, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { Policy } from '../../../src/contract/lease.js';
import { TokenMint } from '../../support/access-tokens.js';
import { eventually } from '../../support/eventually.js';
import { ForeignIdp, foreignClaims, foreignIssuer, ForeignKey } from '../../support/foreign-idp.js';
import { FakeService } from '../../support/fake-service.js';
import { kafkaBrokers, topicPrefix } from '../../support/kafka.js';
import { LiveTopic } from '../../support/live-topic.js';
import { RunningGateway } from '../../support/running-gateway.js';

const mint = new TokenMint();
const tokenOf = (claims = mint.claims(Math.floor(Date.now() / 1000))): string => mint.token(claims);

let topic: LiveTopic;
let service: FakeService;
let directory: string;
let brokers: string;
const open: RunningGateway[] = [];
let gone: string;

const gateway = (policy: Policy, at = brokers): RunningGateway => {
  const one = new RunningGateway({ brokers: at, service, policy, directory, keepViewMs: 100 });
  open.push(one);
  return one;
};

/** A gateway has learnt of a revocation and ended; then the brokers and the service go away. */
beforeEach(async () => {
  brokers = await kafkaBrokers();
  directory = await mkdtemp(join(tmpdir(), 'kept-view-'));
  topic = await LiveTopic.create(brokers, topicPrefix());
  // S is long, so that a slow machine is no outage.
  service = await FakeService.start(topic.lease({ staleness_ms: 60_000 }));
  service.tokenKeys.push(mint.jwk);
  await topic.begin();
  topic.beat();
  const before = gateway('balanced');
  await eventually(() => before.gateway.isReady);
  const claims = mint.claims(Math.floor(Date.now() / 1000));
  gone = tokenOf(claims);
  const record = { scope: 'user', subject: claims.sub as string, generation: 2 } as const;
  await topic.send(0, [topic.writers[0]!.record(record)]);
  await eventually(() => before.outcome(gone) === 'deny: revoked.user');
  await eventually(() => before.gateway.freshness().state === 'fresh');
  await before.stop();
  service.status = 503;
}, 120_000);

afterEach(async () => {
  await Promise.all(open.splice(0).map((one) => one.stop()));
  await topic.close();
  await service.stop();
  await rm(directory, { recursive: true });
});

async function resolved(one: RunningGateway, token: string): Promise<string> {
  const verdict = one.gateway.check(token);
  return verdict.kind === 'unsure' ? (await one.gateway.resolve(verdict)).kind : verdict.kind;
}

const NOBODY = '127.0.0.1:1';

describe('a start during an outage of everything', () => {
  it('denies what was known, serves nothing strict, and is fresh again with a watermark', async () => {
    const one = gateway('strict', NOBODY);
    await eventually(() => one.seen('view.restored').length > 0);
    expect(one.outcome(gone)).toBe('deny: revoked.user');
    expect(one.outcome(tokenOf())).toBe('unsure: view.stale');
    expect([await resolved(one, tokenOf()), one.gateway.isReady]).toEqual(['unsure', false]);
    await one.stop();
    const later = gateway('strict');
    await eventually(() => later.gateway.isReady);
    expect([later.outcome(gone), later.outcome(tokenOf())]).toEqual([
      'deny: revoked.user',
      'allow',
    ]);
  });

  it('serves as a balanced policy allows by the age of what was known', async () => {
    const one = gateway('balanced', NOBODY);
    await eventually(() => one.seen('view.restored').length > 0);
    expect(one.outcome(gone)).toBe('deny: revoked.user');
    expect([await resolved(one, tokenOf()), one.gateway.isReady]).toEqual(['allow', true]);
  });

  it('lets people in who may be gone, and the one before it counts until the service knows of another', async () => {
    const [first] = service.requests;
    const cutOff = gateway('best-effort', NOBODY);
    await eventually(() => cutOff.seen('view.restored').length > 0);
    expect(cutOff.outcome(tokenOf())).toBe('allow');
    await cutOff.stop();
    expect(service.ended).toEqual([]);
    service.status = null;
    const later = gateway('best-effort', NOBODY);
    await eventually(() => service.ended.length > 0);
    const known = service.requests.at(-1)!.boot;
    expect(service.heard.filter(([word, boot]) => word === 'goodbye' || boot === known)).toEqual([
      ['lease', known],
      ['goodbye', first!.boot],
    ]);
    await later.stop();
    expect(service.ended).toEqual([first!.boot]);
  });

  it('throws a view away, and says so, that somebody has written to', async () => {
    await appendFile(join(directory, 'view.state'), 'x');
    const one = gateway('best-effort', NOBODY);
    await eventually(() => one.seen('view.discarded').length > 0);
    expect(one.seen('view.discarded')).toEqual([{ kind: 'view.discarded', why: 'damaged' }]);
    expect(one.outcome(tokenOf())).toBe('unsure: view.unloaded');
  });

  it('knows the keys of a foreign issuer that is away, too', async () => {
    const idp = await ForeignIdp.start();
    const key = new ForeignKey();
    idp.keys.push(key.jwk);
    const issuer = foreignIssuer({ jwks_url: idp.url, jwks: null });
    service.lease = { ...service.lease, foreign_issuers: [issuer] };
    service.status = null;
    const follows = (at: string) => {
      const options = { service, directory, keepViewMs: 100, foreignTokens: 'accept' } as const;
      const one = new RunningGateway({ brokers: at, policy: 'balanced', ...options });
      open.push(one);
      return one;
    };
    const token = key.token(foreignClaims(Math.floor(Date.now() / 1000)));
    const before = follows(brokers);
    await eventually(() => before.outcome(token) === 'allow-foreign');
    await before.stop();
    await idp.stop();
    service.status = 503;
    const one = follows(NOBODY);
    await eventually(() => one.seen('view.restored').length > 0);
    expect(await resolved(one, token)).toBe('allow-foreign');
    const others = new ForeignKey().token(foreignClaims(Math.floor(Date.now() / 1000)));
    expect(one.outcome(others)).toBe('deny: token.signature');
  });
});
