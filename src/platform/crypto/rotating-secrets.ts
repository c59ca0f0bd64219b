import { createHmac, hkdfSync, randomBytes, timingSafeEqual } from 'node:crypto';
import type { MintedSecret, OpaqueSecrets, ParsedSecret } from './opaque-secrets.js';

const BODY_BYTES = 24;
const TAG_BYTES = 8;

/**
 * Refresh secrets that rotate. A secret is 24 bytes and a tag of 8 that only we can make, so whoever merely knows
 * an id cannot pass for somebody who once held its secret. Each successor is derived from its predecessor under a
 * key of the server: it can be told again to whoever holds the predecessor, and nothing of it is stored but its
 * digest. Neither the database nor the key alone gives a secret away.
 */
export class RotatingSecrets {
  readonly #secrets: OpaqueSecrets;
  readonly #nextKey: Uint8Array;
  readonly #tagKey: Uint8Array;

  /** @param pepper 32 bytes; the keys are derived from it (RFC 5869) */
  constructor(pepper: Uint8Array, secrets: OpaqueSecrets) {
    const derive = (purpose: string): Uint8Array =>
      new Uint8Array(hkdfSync('sha256', pepper, '', `offswitch:refresh:${purpose}:v1`, 32));
    this.#secrets = secrets;
    this.#nextKey = derive('next');
    this.#tagKey = derive('tag');
  }

  /** The first secret of the row `id`: random. */
  first(id: string): MintedSecret {
    return this.#form(id, randomBytes(BODY_BYTES));
  }

  /**
   * The one successor that a secret has.
   *
   * @param counter how many successors the row will have had with this one
   */
  next(predecessor: ParsedSecret<string>, counter: number): MintedSecret {
    const body = createHmac('sha256', this.#nextKey)
      .update(`${predecessor.id}\n${counter}\n`)
      .update(this.#secrets.bytesOf(predecessor))
      .digest();
    return this.#form(predecessor.id, body.subarray(0, BODY_BYTES));
  }

  /** Whether we made this secret, now or once: false for what somebody made up. */
  isOurs(parsed: ParsedSecret<string>): boolean {
    const bytes = this.#secrets.bytesOf(parsed);
    const tag = this.#tag(parsed.id, bytes.subarray(0, BODY_BYTES));
    return timingSafeEqual(tag, bytes.subarray(BODY_BYTES));
  }

  #form(id: string, body: Uint8Array): MintedSecret {
    return this.#secrets.form('refresh', id, Buffer.concat([body, this.#tag(id, body)]));
  }

  #tag(id: string, body: Uint8Array): Uint8Array {
    const tag = createHmac('sha256', this.#tagKey).update(`${id}\n`).update(body).digest();
    return tag.subarray(0, TAG_BYTES);
  }
}
