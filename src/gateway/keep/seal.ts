import { createHmac, hkdfSync, timingSafeEqual } from 'node:crypto';
import type { Secret } from '../../kernel/secret.js';

type Mac = ReturnType<typeof createHmac>;

/** `mac `, the 43 characters of a base64url SHA-256, a line break. */
const SEAL_BYTES = 48;

/** What only somebody who has the gateway's key can have written (ADR 20). */
export class Seal {
  readonly #key: Uint8Array;

  /** `purpose` keeps the files of one gateway apart. */
  constructor(gatewayKey: Secret, purpose: string) {
    this.#key = new Uint8Array(hkdfSync('sha256', gatewayKey.reveal(), '', purpose, 32));
  }

  /** Takes the text in; {@link line} of it is the last line of the file. */
  begin(): Mac {
    return createHmac('sha256', this.#key);
  }

  line(mac: Mac): string {
    return `mac ${mac.digest('base64url')}\n`;
  }

  /** The text before the seal; null when that is not whole. */
  open(bytes: Buffer): Buffer | null {
    if (bytes.length <= SEAL_BYTES) return null;
    const text = bytes.subarray(0, -SEAL_BYTES);
    const line = Buffer.from(this.line(this.begin().update(text)));
    return timingSafeEqual(bytes.subarray(-SEAL_BYTES), line) ? text : null;
  }
}
