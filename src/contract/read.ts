import { CAUSE_KINDS, type RevocationRecord, type Scope } from './revocation-record.js';
import type { Receipt } from './receipt.js';
import { MAX_PART_RECORDS, MAX_POSITION, type SnapshotPart } from './snapshot.js';
import type { Watermark } from './watermark.js';

/** A message that is not what its type says. It is refused, counted and alarmed; it is never guessed at. */
export class MessageRefused extends Error {
  override readonly name: string = 'MessageRefused';
}

/** The format is a later one than ours: nothing of it may be half understood. */
export class NewerVersion extends MessageRefused {
  override readonly name = 'NewerVersion';

  constructor(readonly version: number) {
    super(`v is ${version}, and we know 1`);
  }
}

type Json = Readonly<Record<string, unknown>>;

const SCOPES: readonly Scope[] = ['org', 'user', 'device', 'family', 'kid', 'ext'];
const TIME = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}\.\d{3}Z$/;

function demand(holds: boolean, rule: string): asserts holds {
  if (!holds) throw new MessageRefused(rule);
}

function objectIn(text: string): Json {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw new MessageRefused('the value is no JSON');
  }
  demand(
    typeof value === 'object' && value !== null && !Array.isArray(value),
    'the value is no object',
  );
  const { v } = value as { v?: unknown };
  if (isCount(v) && v > 1) throw new NewerVersion(v);
  demand(v === 1, 'v is not 1');
  return value as Json;
}

const isText = (value: unknown): value is string => typeof value === 'string' && value !== '';
const isCount = (value: unknown): value is number =>
  Number.isSafeInteger(value) && (value as number) >= 0;
const isTime = (value: unknown): value is string =>
  typeof value === 'string' && TIME.test(value) && !Number.isNaN(Date.parse(value));
const isTexts = (value: unknown): value is readonly string[] =>
  Array.isArray(value) && value.every(isText);

/** @throws MessageRefused */
export function readRecord(text: string): RevocationRecord {
  const value = objectIn(text);
  const timed = value['scope'] === 'kid' || value['scope'] === 'ext';
  demand(isText(value['org']), 'org is missing');
  demand(
    SCOPES.some((scope) => scope === value['scope']),
    'scope is unknown',
  );
  demand(
    (value['org'] === '*') === (value['scope'] === 'kid'),
    'only a kid belongs to every organization',
  );
  demand(isText(value['subject']), 'subject is missing');
  demand(
    timed ? value['generation'] === null : isCount(value['generation']),
    'generation does not fit the scope',
  );
  demand(
    timed ? isCount(value['not_before']) : value['not_before'] === null,
    'not_before does not fit the scope',
  );
  demand(
    CAUSE_KINDS.some((kind) => kind === value['cause']),
    'cause is unknown',
  );
  demand(isText(value['case']), 'case is missing');
  demand(isTime(value['revoked_at']), 'revoked_at is no time');
  demand(isText(value['audit']), 'audit is missing');
  return value as unknown as RevocationRecord;
}

/** @throws MessageRefused */
export function readWatermark(text: string): Watermark {
  const value = objectIn(text);
  demand(isText(value['installation']), 'installation is missing');
  demand(isText(value['topic']), 'topic is missing');
  demand(isCount(value['partition']), 'partition is no count');
  demand(isCount(value['partitions']) && value['partitions'] > 0, 'partitions is no count');
  demand(isCount(value['epoch']), 'epoch is no count');
  demand(isCount(value['seq']), 'seq is no count');
  demand(
    value['seq'] === 0 ? value['prev'] === null : isText(value['prev']),
    'prev does not fit seq',
  );
  demand(isTime(value['t']), 't is no time');
  demand(typeof value['more'] === 'boolean', 'more is no boolean');
  demand(isTexts(value['covers']), 'covers is no list of digests');
  demand(isTexts(value['repair']), 'repair is no list of digests');
  demand(isTexts(value['kids']), 'kids is no list of key ids');
  return value as unknown as Watermark;
}

const isPosition = (value: unknown): value is string =>
  typeof value === 'string' && /^[\x21-\x7e]+$/.test(value) && value.length <= MAX_POSITION;

/** @throws MessageRefused */
export function readSnapshotPart(text: string): SnapshotPart {
  const value = objectIn(text);
  const { from, prev, since, count, partitions } = value;
  demand(isText(value['installation']), 'installation is missing');
  demand(isText(value['topic']), 'topic is missing');
  demand(isCount(partitions) && partitions > 0, 'partitions is no count');
  demand(isCount(value['epoch']), 'epoch is no count');
  demand(from === null || isPosition(from), 'from is no position');
  demand(isPosition(value['to']), 'to is no position');
  demand(prev === null || isText(prev), 'prev is no digest');
  demand(typeof value['more'] === 'boolean', 'more is no boolean');
  demand(isTime(value['t']), 't is no time');
  demand(from === null ? isTime(since) : since === null, 'since does not fit from');
  demand(isCount(count) && count <= MAX_PART_RECORDS, 'count is no count');
  demand(isText(value['records']), 'records is no digest');
  demand(isTexts(value['kids']), 'kids is no list of key ids');
  const heads = value['heads'];
  demand(Array.isArray(heads), 'heads is no list');
  for (const head of heads as readonly unknown[]) {
    demand(typeof head === 'object' && head !== null, 'a head is no object');
    const { partition, seq, digest } = head as Json;
    demand(isCount(partition) && isCount(seq) && isText(digest), 'a head lacks its place');
  }
  return value as unknown as SnapshotPart;
}

/** @throws MessageRefused */
export function readReceipt(text: string): Receipt {
  const value = objectIn(text);
  demand(isText(value['gateway']), 'gateway is missing');
  demand(isText(value['boot']), 'boot is missing');
  demand(isTime(value['at']), 'at is no time');
  demand(isTexts(value['applied']), 'applied is no list of digests');
  const partitions = value['partitions'];
  demand(Array.isArray(partitions), 'partitions is no list');
  for (const entry of partitions as readonly unknown[]) {
    demand(typeof entry === 'object' && entry !== null, 'a partition is no object');
    const { partition, seq, t } = entry as { partition?: unknown; seq?: unknown; t?: unknown };
    demand(isCount(partition) && isCount(seq) && isTime(t), 'a partition lacks its position');
  }
  return value as unknown as Receipt;
}
