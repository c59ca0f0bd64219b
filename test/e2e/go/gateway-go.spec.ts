// P2, P3, P9: a gateway that was written from docs/protocol.md alone decides as ours does.
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { createPrivateKey, sign } from 'node:crypto';
import { newId } from '../../../src/kernel/ids.js';
import { Company, type Enrolled } from '../../support/company.js';
import { eventually } from '../../support/eventually.js';
import { GoGateway, hasGo, testVectors } from '../../support/go-gateway.js';
import type { RunningGateway } from '../../support/running-gateway.js';
import { RunningService } from '../../support/running-service.js';

const TOKENS = 3_000;
const STATUS = { allow: 200, 'allow-foreign': 200, deny: 401, unsure: 503 } as const;
type Scope = 'org' | 'user' | 'device' | 'family';

/** The same numbers each time (mulberry32). */
let state = 20_260_101;
const chance = (): number => {
  state = (state + 0x6d2b79f5) | 0;
  let bits = Math.imul(state ^ (state >>> 15), 1 | state);
  bits = (bits + Math.imul(bits ^ (bits >>> 7), 61 | bits)) ^ bits;
  return ((bits ^ (bits >>> 14)) >>> 0) / 2 ** 32;
};
const below = (count: number): number => Math.floor(chance() * count);
const oneOf = <T>(list: readonly T[]): T => list[below(list.length)]!;

const claimsOf = (token: string) =>
  JSON.parse(Buffer.from(token.split('.')[1]!, 'base64url').toString());

// Without a Go that is new enough they count as skipped.
(hasGo() ? describe : describe.skip)('a gateway in Go', () => {
  let service: RunningService;
  let ours: RunningGateway;
  let theirs: GoGateway;
  let company: Company;
  const people: (Enrolled & { claims: any })[] = []; // eslint-disable-line @typescript-eslint/no-explicit-any -- JSON as it came
  const least = new Map<string, number>();

  beforeAll(async () => {
    service = await RunningService.start();
    const { body } = await service.admin('POST', '/v1/gateways', { name: 'go' });
    const { url, brokers } = service;
    theirs = await GoGateway.start({ url, brokers, key: body.key as string });
    ours = await service.gateway();
    company = await Company.found(service);
    for (let i = 0; i < 12; i += 1) {
      const enrolled = await company.enrol(service);
      people.push({ ...enrolled, claims: claimsOf(enrolled.token) });
    }
    await eventually(() => ours.gateway.isReady);
  }, 300_000);

  afterAll(async () => {
    await theirs.stop(); // a second time does nothing
    await ours.stop();
    await service.stop();
  });

  const mint = (claims: object): string => {
    const [jwk] = service.identity.tokenKeys.keys;
    const part = (value: object): string =>
      Buffer.from(JSON.stringify(value)).toString('base64url');
    const signed = `${part({ alg: 'EdDSA', typ: 'at+jwt', kid: jwk!.kid })}.${part(claims)}`;
    const key = createPrivateKey({ key: { ...jwk! }, format: 'jwk' });
    return `${signed}.${sign(null, Buffer.from(signed), key).toString('base64url')}`;
  };

  async function revoke(scope: Scope, id: string): Promise<void> {
    const { body, status } = await service.admin(
      'POST',
      `/v1/organizations/${company.id}/revocations`,
      { subject: { scope, id }, reason: 'left' },
    );
    expect(status).toBe(201);
    least.set(`${scope} ${id}`, body.generation as number);
  }

  const LETTER = { org: 'o', user: 'u', device: 'd', family: 'f' } as const;
  const NAME = { org: 'org', user: 'sub', device: 'did', family: 'fam' } as const;

  /** Good but for the one generation that was the last good one before the revocation. */
  const probes = (): string[] =>
    [...least].map(([subject, generation]) => {
      const [scope, id] = subject.split(' ') as [Scope, string];
      const { claims } = people.find((one) => one.claims[NAME[scope]] === id)!;
      const gen = { o: 999, u: 999, d: 999, f: 999, [LETTER[scope]]: generation - 1 };
      return mint({ ...claims, gen });
    });

  const random = (): string => {
    const [one, two, three] = [oneOf(people).claims, oneOf(people).claims, oneOf(people).claims];
    const did = chance() < 0.9 ? two.did : newId();
    const isOwned = chance() < 0.9;
    const gen = { o: 1 + below(3), u: isOwned ? below(5) : 0, d: below(5), f: below(5) };
    const claims = {
      ...one,
      did,
      client_id: did,
      sub: isOwned ? one.sub : did,
      fam: three.fam,
      gen,
    };
    const wrongs = [
      { iss: 'x' },
      { exp: 1 },
      { gen: { ...gen, f: null } },
      { aud: [one.aud] },
      { org: 'x' },
    ];
    const token = mint(chance() < 0.05 ? { ...claims, ...oneOf<object>(wrongs) } : claims);
    return chance() < 0.03 ? `${token.slice(0, -9)}${oneOf(['A', 'B'])}${token.slice(-8)}` : token;
  };

  it('meets every test vector as the page says', () => {
    expect(testVectors()).toContain('ok');
  });

  it(`agrees with ours on ${TOKENS} random tokens after random revocations`, async () => {
    await eventually(async () => (await theirs.status(people[0]!.token)) === 200);
    for (let i = 0; i < 20; i += 1) {
      const scope = oneOf(['user', 'device', 'family'] as const);
      await revoke(scope, oneOf(people).claims[NAME[scope]] as string);
    }
    await eventually(() => probes().every((token) => ours.outcome(token).startsWith('deny')));
    await eventually(async () =>
      (await Promise.all(probes().map((token) => theirs.status(token)))).every((s) => s === 401),
    );
    const seen = new Map<number, number>();
    for (let i = 0; i < TOKENS; i += 50) {
      const tokens = Array.from({ length: 50 }, random);
      let said: number[] = [];
      let expected: number[] = [];
      // Either may have to wait for the next watermark, and then it says so of every token.
      await eventually(async () => {
        said = await Promise.all(tokens.map((token) => theirs.status(token)));
        expected = tokens.map((token) => STATUS[ours.gateway.check(token).kind]);
        return ![...said, ...expected].includes(503);
      });
      expect(said).toEqual(expected);
      for (const status of said) seen.set(status, (seen.get(status) ?? 0) + 1);
    }
    // Neither answer is rare: otherwise agreement would say little.
    expect(Math.min(seen.get(200) ?? 0, seen.get(401) ?? 0)).toBeGreaterThan(TOKENS / 20);
  });

  it('ends everything in an organization, too', async () => {
    await revoke('org', company.id);
    await eventually(async () => (await theirs.status(mint(people[0]!.claims))) === 401);
    const gen = { o: 999, u: 999, d: 999, f: 999 };
    expect(await theirs.status(mint({ ...people[0]!.claims, gen }))).toBe(200);
  });

  it('says goodbye when it ends, and counts for no case from then on', async () => {
    const processes = async (): Promise<object> => {
      const { items } = (await service.admin('GET', '/v1/gateways')).body;
      return items.find((one: { name: string }) => one.name === 'go').processes;
    };
    expect(await processes()).toMatchObject([{ state: 'live' }]);
    await theirs.stop();
    expect(await processes()).toMatchObject([{ state: 'gone', gone_at: expect.any(String) }]);
  });
});
