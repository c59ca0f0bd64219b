import type { AccessTokenClaims } from '../../src/contract/access-token.js';
import type { Freshness, Unsure, Verdict } from '../../src/gateway/index.js';

export const CLAIMS: AccessTokenClaims = {
  iss: 'i',
  aud: 'a',
  sub: 'the-user',
  client_id: 'the-device',
  did: 'the-device',
  org: 'the-org',
  fam: 'the-family',
  jti: 'j',
  iat: 1,
  exp: 2,
  scope: 'read write',
  gen: { o: 1, u: 1, d: 1, f: 1 },
};
export const ALLOW = {
  kind: 'allow',
  claims: CLAIMS,
  isStale: false,
} as const satisfies Verdict;

export const ALLOW_FOREIGN = {
  kind: 'allow-foreign',
  claims: {
    org: 'the-org',
    iss: 'https://idp.example',
    sub: 'ada@example.com',
    aud: 'a',
    iat: 1,
    exp: 2,
    scope: 'read',
    subject: 'the-hash',
  },
  isStale: false,
} as const satisfies Verdict;

/** Says what a test tells it to say, and remembers what it was asked. */
export class ScriptedGateway {
  readonly asked: string[] = [];
  readonly verdicts = new Map<string, Verdict>([['good', ALLOW]]);
  readonly resolved = new Map<string, Verdict>();
  now: Freshness = { state: 'fresh', ageMs: 1_500 };
  readonly size = 3;

  check(token: string): Verdict {
    this.asked.push(token);
    return this.verdicts.get(token) ?? { kind: 'deny', reason: 'token.malformed' };
  }

  resolve(doubt: Unsure): Promise<Verdict> {
    const [token = ''] = [...this.verdicts].find(([, verdict]) => verdict === doubt) ?? [];
    return Promise.resolve(this.resolved.get(token) ?? doubt);
  }

  freshness(): Freshness {
    return this.now;
  }
}
