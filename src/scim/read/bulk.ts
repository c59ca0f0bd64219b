import { DomainError } from '../../kernel/domain-error.js';
import { MalformedBody } from './body.js';
import { member } from './fields.js';
import { isObject } from './value.js';

export const MAX_BULK_OPERATIONS = 1_000;
export const MAX_BULK_BYTES = 4_194_304;

const BULK_REQUEST = 'urn:ietf:params:scim:api:messages:2.0:BulkRequest';
const METHODS = ['POST', 'PUT', 'PATCH', 'DELETE'] as const;

export type BulkMethod = (typeof METHODS)[number];

/** One operation of a bulk request, as it may be carried out. */
export interface BulkOperation {
  /** Its place in the request, from zero. */
  readonly index: number;
  readonly method: BulkMethod;
  /** The client's own name for it; null when it gave none. */
  readonly bulkId: string | null;
  readonly type: 'Users' | 'Groups';
  /** Null for a POST; `bulkId:…` for what another operation makes. */
  readonly id: string | null;
  /** As `If-Match` would have it. */
  readonly version: string | undefined;
  readonly data: unknown;
}

/** An operation that is none, and what it says of itself. */
export interface RefusedOperation {
  readonly index: number;
  readonly method: string;
  readonly bulkId: string | null;
  readonly refused: DomainError;
}

export interface BulkRequest {
  /** After so many errors nothing more is begun; infinite when the client does not say. */
  readonly failOnErrors: number;
  readonly operations: readonly (BulkOperation | RefusedOperation)[];
}

/**
 * A bulk request (RFC 7644 §3.7). Of a body in which a member stands twice every operation is malformed: nothing of it
 * is done but what it says of `active` (P9).
 *
 * @throws DomainError when it is none, or has more operations than {@link MAX_BULK_OPERATIONS}
 */
export function readBulk(body: unknown): BulkRequest {
  const value = body instanceof MalformedBody ? body.value : body;
  if (!isObject(value)) throw malformedIn(body) ?? wrong('the body is a JSON object');
  checkSchemas(member(value, 'schemas'));
  const listed = member(value, 'Operations');
  if (!Array.isArray(listed))
    throw malformedIn(body) ?? wrong('Operations is a list of operations');
  if (listed.length > MAX_BULK_OPERATIONS)
    throw new DomainError('request.too_large', `at most ${MAX_BULK_OPERATIONS} operations`);
  const operations = (listed as readonly unknown[]).map((raw, index) =>
    operationIn(raw, { body, index }),
  );
  return { failOnErrors: failOnErrorsIn(value), operations };
}

const wrong = (detail: string): DomainError => new DomainError('scim.invalid_syntax', detail);

const malformedIn = (body: unknown): DomainError | null =>
  body instanceof MalformedBody ? body.refusal : null;

function checkSchemas(schemas: unknown): void {
  const isOurs = (each: unknown): boolean =>
    typeof each === 'string' && each.toLowerCase() === BULK_REQUEST.toLowerCase();
  if (Array.isArray(schemas) && schemas.length > 0 && !schemas.some(isOurs))
    throw wrong(`schemas holds ${BULK_REQUEST}`);
}

function failOnErrorsIn(body: Readonly<Record<string, unknown>>): number {
  const said = member(body, 'failOnErrors') ?? 0;
  if (typeof said !== 'number' || !Number.isInteger(said) || said < 0)
    throw new DomainError('scim.invalid_value', 'failOnErrors is a whole number');
  return said === 0 ? Infinity : said;
}

function operationIn(
  raw: unknown,
  { body, index }: { readonly body: unknown; readonly index: number },
): BulkOperation | RefusedOperation {
  const fields = isObject(raw) ? raw : {};
  const text = (name: string): string | null => {
    const said = member(fields, name);
    return typeof said === 'string' ? said : null;
  };
  const said = text('method')?.toUpperCase() ?? '';
  const bulkId = text('bulkId');
  const method = METHODS.find((one) => one === said);
  const refuse = (refused: DomainError): RefusedOperation => ({
    index,
    method: said,
    bulkId,
    refused,
  });
  if (method === undefined) return refuse(wrong('method is POST, PUT, PATCH or DELETE'));
  const place = placeOf(text('path') ?? '');
  if (place === null || (method === 'POST') !== (place.id === null))
    return refuse(
      new DomainError('scim.invalid_path', 'path is /Users or /Groups, and an id but for POST'),
    );
  const data = dataOf(member(fields, 'data'), body);
  return { index, method, bulkId, ...place, version: text('version') ?? undefined, data };
}

function dataOf(data: unknown, body: unknown): unknown {
  if (!(body instanceof MalformedBody)) return data;
  return new MalformedBody(data, body.refusal, body.mentionsActive);
}

const PLACE = /^(?:https?:\/\/[^/?]+\/scim\/v2)?\/?(Users|Groups)(?:\/([^/?]+))?\/?(?:\?.*)?$/i;

/** Also below our own root, and with a query: some clients build paths like URLs. */
function placeOf(path: string): Pick<BulkOperation, 'type' | 'id'> | null {
  const [, type, id = null] = PLACE.exec(path.trim()) ?? [];
  if (type === undefined) return null;
  return { type: type.toLowerCase() === 'users' ? 'Users' : 'Groups', id: decoded(id) };
}

function decoded(id: string | null): string | null {
  try {
    return id === null ? null : decodeURIComponent(id);
  } catch {
    return id; // no id of ours
  }
}
