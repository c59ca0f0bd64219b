import canonicalize from 'canonicalize';

const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
/** The two letters of every twelve bits. */
const PAIRS = Array.from(
  { length: 4_096 },
  (_, bits) => ALPHABET.charAt(bits >> 6) + ALPHABET.charAt(bits & 63),
);
const pair = (bits: number): string => PAIRS[bits & 4_095] ?? '';

/** Base64url without padding (RFC 4648 §5). */
export function base64url(bytes: Uint8Array): string {
  let text = '';
  let i = 0;
  for (; i + 2 < bytes.length; i += 3) {
    const bits = ((bytes[i] ?? 0) << 16) | ((bytes[i + 1] ?? 0) << 8) | (bytes[i + 2] ?? 0);
    text += pair(bits >> 12) + pair(bits);
  }
  const [a, b] = bytes.subarray(i);
  if (a === undefined) return text;
  if (b === undefined) return text + pair(a << 4);
  return text + pair((a << 4) | (b >> 4)) + ALPHABET.charAt((b << 2) & 63);
}

/** UTF-8, written out because the pure rooms compile without any host's globals. Lone surrogates are refused. */
export function utf8(text: string): Uint8Array {
  // Almost all of what we say is ASCII, and a byte a letter.
  const bytes = new Uint8Array(text.length);
  for (let i = 0; i < text.length; i += 1) {
    const code = text.charCodeAt(i);
    if (code >= 0x80) return utf8OfAny(text);
    bytes[i] = code;
  }
  return bytes;
}

function utf8OfAny(text: string): Uint8Array {
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
