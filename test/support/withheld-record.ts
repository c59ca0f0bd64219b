/** Where things stand in a batch of records (Kafka's message format, version 2). */
const LENGTH = 8;
const MAGIC = 16;
const CRC = 17;
const ATTRIBUTES = 21;
const COUNT = 57;
const RECORDS = 61;
/** Consumers pass over what such a batch holds. */
const IS_CONTROL = 0x20;
const LONGEST_BATCH = 1024 * 1024;

const CASTAGNOLI = Uint32Array.from({ length: 256 }, (_, byte) => {
  let crc = byte;
  for (let bit = 0; bit < 8; bit += 1) crc = crc & 1 ? (crc >>> 1) ^ 0x82f63b78 : crc >>> 1;
  return crc;
});

function crc32c(bytes: Uint8Array): number {
  let crc = ~0;
  for (const byte of bytes) crc = CASTAGNOLI[(crc ^ byte) & 0xff]! ^ (crc >>> 8);
  return ~crc >>> 0;
}

function varint(value: number): Buffer {
  const bytes: number[] = [];
  let rest = value * 2; // zigzag; none is negative here
  for (; rest > 0x7f; rest >>>= 7) bytes.push((rest & 0x7f) | 0x80);
  return Buffer.from([...bytes, rest]);
}

/** Reads one number after another. */
class Reader {
  constructor(
    readonly bytes: Buffer,
    public at = 0,
  ) {}

  varint(): number {
    let value = 0;
    let shift = 0;
    let byte: number;
    do {
      byte = this.bytes[this.at]!;
      this.at += 1;
      value |= (byte & 0x7f) << shift;
      shift += 7;
    } while (byte > 0x7f);
    return (value >>> 1) ^ -(value & 1);
  }

  /** A time may be longer than a number of ours: nobody looks at it. */
  skipVarint(): void {
    while (this.bytes[this.at]! > 0x7f) this.at += 1;
    this.at += 1;
  }

  /** A length, and what is so long; −1 is null. */
  skipBytes(): void {
    const length = this.varint();
    this.at += Math.max(0, length);
  }
}

/**
 * What a broker can do that withholds a record: nothing in its reply says so. Lengths, checksum and offsets are as they
 * must be, and whatever else is in the batch is there. Changes `reply` in place.
 *
 * @returns whether it was there
 */
export function withholdRecord(reply: Buffer, text: Buffer): boolean {
  let isThere = false;
  for (let at = reply.indexOf(text); at !== -1; at = reply.indexOf(text, at + text.length)) {
    const batch = batchAround(reply, at);
    if (batch === null) continue;
    hide(batch, text);
    isThere = true;
  }
  return isThere;
}

/** The batch is known by its checksum, so that it does not matter in which version of a reply it stands. */
function batchAround(reply: Buffer, at: number): Buffer | null {
  for (let from = at - RECORDS; from >= Math.max(0, at - LONGEST_BATCH); from -= 1) {
    if (reply[from + MAGIC] !== 2) continue;
    const end = from + LENGTH + 4 + reply.readInt32BE(from + LENGTH);
    if (end <= at || end > reply.length) continue;
    const crc = crc32c(reply.subarray(from + ATTRIBUTES, end));
    if (crc === reply.readUInt32BE(from + CRC)) return reply.subarray(from, end);
  }
  return null;
}

/** A record alone goes with its batch; one among others goes alone, and a header of its neighbour's takes its room. */
function hide(batch: Buffer, text: Buffer): void {
  const records = recordsOf(batch);
  const which = records.findIndex((record) => record.includes(text));
  if (records.length === 1)
    batch.writeInt16BE(batch.readInt16BE(ATTRIBUTES) | IS_CONTROL, ATTRIBUTES);
  else {
    const neighbour = which === 0 ? 1 : which - 1;
    records[neighbour] = padded(records[neighbour]!, records[which]!.length);
    records.splice(which, 1);
    Buffer.concat(records).copy(batch, RECORDS);
    batch.writeInt32BE(records.length, COUNT);
  }
  batch.writeUInt32BE(crc32c(batch.subarray(ATTRIBUTES)), CRC);
}

/** With their lengths. */
function recordsOf(batch: Buffer): Buffer[] {
  const reader = new Reader(batch, RECORDS);
  return Array.from({ length: batch.readInt32BE(COUNT) }, () => {
    const from = reader.at;
    reader.skipBytes();
    return Buffer.from(batch.subarray(from, reader.at));
  });
}

function padded(record: Buffer, more: number): Buffer {
  const reader = new Reader(record);
  reader.varint();
  const from = reader.at;
  reader.at += 1; // attributes
  reader.skipVarint(); // when, as a difference
  reader.skipVarint(); // where, as a difference
  reader.skipBytes(); // key
  reader.skipBytes(); // value
  const before = record.subarray(from, reader.at);
  const headers = reader.varint();
  const rest = record.subarray(reader.at);
  for (const name of ['x', 'xx', 'xxx'])
    for (let length = more; length >= 0; length -= 1) {
      const value = Buffer.alloc(length);
      const header = [varint(name.length), Buffer.from(name), varint(length), value];
      const body = Buffer.concat([before, varint(headers + 1), rest, ...header]);
      const all = Buffer.concat([varint(body.length), body]);
      if (all.length === record.length + more) return all;
    }
  throw new RangeError('no header is so long');
}
