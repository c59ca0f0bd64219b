import { constants, createHmac, generateKeyPairSync, sign, type KeyObject } from 'node:crypto';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { ForeignIssuer } from '../../src/contract/lease.js';
import type { ForeignAlgorithm } from '../../src/contract/read-foreign-jwks.js';
import { newId } from '../../src/kernel/ids.js';

type Fields = Readonly<Record<string, unknown>>;

const part = (value: unknown): string =>
  Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)).toString('base64url');

const pairFor = (algorithm: ForeignAlgorithm, modulusLength: number) => {
  switch (algorithm) {
    case 'RS256':
    case 'PS256':
      return generateKeyPairSync('rsa', { modulusLength });
    case 'ES256':
      return generateKeyPairSync('ec', { namedCurve: 'P-256' });
    case 'EdDSA':
      return generateKeyPairSync('ed25519');
  }
};

/** A key of an identity provider, and the tokens that it signs as a provider does and as none should. */
export class ForeignKey {
  readonly jwk: Fields;
  readonly #private: KeyObject;
  readonly #public: KeyObject;

  constructor(
    readonly algorithm: ForeignAlgorithm = 'ES256',
    readonly kid = `fake-${algorithm}`,
    modulusLength = 2_048,
  ) {
    const { privateKey, publicKey } = pairFor(algorithm, modulusLength);
    this.#private = privateKey;
    this.#public = publicKey;
    this.jwk = { ...publicKey.export({ format: 'jwk' }), kid, alg: algorithm, use: 'sig' };
  }

  token(claims: unknown, header: Fields = {}): string {
    const head = { alg: this.algorithm, typ: 'at+jwt', kid: this.kid, ...header };
    const signed = `${part(head)}.${part(claims)}`;
    return `${signed}.${this.#sign(Buffer.from(signed)).toString('base64url')}`;
  }

  /** "Signed" by HMAC with the public key as its secret (algorithm confusion); long enough to look like a signature. */
  confused(claims: unknown, alg: string): string {
    const signed = `${part({ alg, typ: 'at+jwt', kid: this.kid })}.${part(claims)}`;
    const secret = this.#public.export({ type: 'spki', format: 'pem' });
    return `${signed}.${createHmac('sha512', secret).update(signed).digest('base64url')}`;
  }

  #sign(message: Buffer): Buffer {
    const key = this.#private;
    switch (this.algorithm) {
      case 'RS256':
        return sign('sha256', message, key);
      case 'PS256':
        return sign('sha256', message, {
          key,
          padding: constants.RSA_PKCS1_PSS_PADDING,
          saltLength: 32,
        });
      case 'ES256':
        return sign('sha256', message, { key, dsaEncoding: 'ieee-p1363' });
      case 'EdDSA':
        return sign(null, message, key);
    }
  }
}

export const FOREIGN = 'https://idp.example';

export const foreignIssuer = (fields: Partial<ForeignIssuer> = {}): ForeignIssuer => ({
  id: newId(),
  org: newId(),
  issuer: FOREIGN,
  audience: 'api://things',
  jwks_url: null,
  jwks: { keys: [] },
  max_ttl_s: 3_600,
  not_before: 0,
  folds_sub: false,
  policy: null,
  ...fields,
});

export const foreignClaims = (iat: number, fields: Fields = {}): Fields => ({
  iss: FOREIGN,
  aud: 'api://things',
  sub: 'ada',
  iat,
  exp: iat + 600,
  scope: 'read write',
  ...fields,
});

/** Publishes its keys as a provider does. */
export class ForeignIdp {
  readonly keys: Fields[] = [];
  asked = 0;
  /** Answers with this instead. */
  answer: { readonly status: number; readonly body: string } | null = null;
  readonly #server: Server;

  private constructor() {
    this.#server = createServer((_, response) => {
      this.asked += 1;
      const { status, body } = this.answer ?? {
        status: 200,
        body: JSON.stringify({ keys: this.keys }),
      };
      response.writeHead(status, { 'content-type': 'application/json' }).end(body);
    });
  }

  static async start(): Promise<ForeignIdp> {
    const idp = new ForeignIdp();
    await new Promise<void>((resolve) => idp.#server.listen(0, '127.0.0.1', resolve));
    return idp;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}/keys`;
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}
