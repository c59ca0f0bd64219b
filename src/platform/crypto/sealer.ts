import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';
import { DomainError } from '../../kernel/domain-error.js';
import { sha256 } from './sha256.js';

const ALGORITHM = 'aes-256-gcm';
const VERSION = 1;
const KEY_ID_BYTES = 4;
const NONCE_BYTES = 12;
const TAG_BYTES = 16;
const HEAD_BYTES = 1 + KEY_ID_BYTES;

const keyId = (key: Uint8Array): Buffer =>
  Buffer.from(sha256(Buffer.concat([Buffer.from('offswitch:sealing-key\n'), key]))).subarray(
    0,
    KEY_ID_BYTES,
  );

/** AES-256-GCM (NIST SP 800-38D) for the few secrets that must be read back, under keys from the environment. */
export class Sealer {
  readonly #current: Buffer;
  readonly #keys: ReadonlyMap<string, Buffer>;

  /** @param keys 32 bytes each; the first one seals, all of them open */
  constructor(...keys: readonly [Uint8Array, ...Uint8Array[]]) {
    if (keys.some((key) => key.length !== 32)) throw new TypeError('a sealing key is not 32 bytes');
    this.#current = Buffer.from(keys[0]);
    this.#keys = new Map(keys.map((key) => [keyId(key).toString('hex'), Buffer.from(key)]));
  }

  /**
   * `version (1) | key id (4) | nonce (12) | ciphertext | tag (16)`. Version and key id are authenticated too.
   *
   * @param place where it will stand (table, column, row id): sealed text that is moved elsewhere does not open
   */
  seal(plain: Uint8Array, place: string): Uint8Array {
    const head = Buffer.concat([Buffer.of(VERSION), keyId(this.#current)]);
    const nonce = randomBytes(NONCE_BYTES);
    const cipher = createCipheriv(ALGORITHM, this.#current, nonce, { authTagLength: TAG_BYTES });
    cipher.setAAD(Buffer.concat([head, Buffer.from(place)]));
    const sealed = Buffer.concat([cipher.update(plain), cipher.final()]);
    return Buffer.concat([head, nonce, sealed, cipher.getAuthTag()]);
  }

  /** @throws DomainError `service.failed` when it was sealed under an unknown key, for another place, or altered */
  open(sealed: Uint8Array, place: string): Uint8Array {
    const bytes = Buffer.from(sealed);
    const head = bytes.subarray(0, HEAD_BYTES);
    const key = this.#keys.get(head.subarray(1).toString('hex'));
    if (
      bytes.length < HEAD_BYTES + NONCE_BYTES + TAG_BYTES ||
      head[0] !== VERSION ||
      key === undefined
    )
      throw new DomainError('service.failed', 'a sealed value has an unknown key or form');
    const nonce = bytes.subarray(HEAD_BYTES, HEAD_BYTES + NONCE_BYTES);
    const cipher = createDecipheriv(ALGORITHM, key, nonce, { authTagLength: TAG_BYTES });
    cipher.setAAD(Buffer.concat([head, Buffer.from(place)]));
    cipher.setAuthTag(bytes.subarray(-TAG_BYTES));
    try {
      const plain = cipher.update(bytes.subarray(HEAD_BYTES + NONCE_BYTES, -TAG_BYTES));
      return Buffer.concat([plain, cipher.final()]);
    } catch (error) {
      throw new DomainError('service.failed', 'a sealed value does not open', { cause: error });
    }
  }
}
