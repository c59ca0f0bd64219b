import canonicalize from 'canonicalize';

const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';

/** Base64url without padding (RFC 4648 §5). */
export function base64url(bytes: Uint8Array): string {
  let text = '';
  for (let i = 0; i < bytes.length; i += 3) {
    const [a = 0, b = 0, c = 0] = bytes.subarray(i, i + 3);
    const bits = (a << 16) | (b << 8) | c;
    const letters = Math.min(4, bytes.length - i + 1);
    for (let j = 0; j < letters; j += 1) text += ALPHABET.charAt((bits >> (18 - 6 * j)) & 63);
  }
  return text;
}

/** UTF-8, written out because the pure rooms compile without any host's globals. Lone surrogates are refused. */
export function utf8(text: string): Uint8Array {
  const bytes: number[] = [];
  for (const letter of text) {
    const point = letter.codePointAt(0) ?? 0;
    if (point >= 0xd800 && point <= 0xdfff)
      throw new TypeError('a lone surrogate has no UTF-8 form');
    if (point < 0x80) bytes.push(point);
    else if (point < 0x800) bytes.push(0xc0 | (point >> 6), 0x80 | (point & 63));
    else if (point < 0x10000)
      bytes.push(0xe0 | (point >> 12), 0x80 | ((point >> 6) & 63), 0x80 | (point & 63));
    else
      bytes.push(
        0xf0 | (point >> 18),
        0x80 | ((point >> 12) & 63),
        0x80 | ((point >> 6) & 63),
        0x80 | (point & 63),
      );
  }
  return Uint8Array.from(bytes);
}

const HEX = '0123456789abcdef';

/** The text of UTF-8 bytes. @throws URIError when they are none */
export function fromUtf8(bytes: Uint8Array): string {
  let text = '';
  let escaped = '';
  for (const byte of bytes) {
    if (byte >= 0x80) {
      escaped += `%${HEX.charAt(byte >> 4)}${HEX.charAt(byte & 15)}`;
      continue;
    }
    if (escaped !== '') text += decodeURIComponent(escaped);
    escaped = '';
    text += String.fromCharCode(byte);
  }
  return escaped === '' ? text : text + decodeURIComponent(escaped);
}

/** The RFC 8785 (JCS) text of a JSON value. */
export function canonicalText(value: object): string {
  const text = canonicalize(value);
  if (text === undefined) throw new TypeError('the value has no JSON form');
  return text;
}

/** The RFC 8785 (JCS) bytes of a JSON value: what is stored, hashed, signed and sent. */
export const canonicalBytes = (value: object): Uint8Array => utf8(canonicalText(value));
