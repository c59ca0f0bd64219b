import type { FastifyReply } from 'fastify';
import type { Listed, PageOf } from '../../directory/index.js';
import { DomainError } from '../../kernel/domain-error.js';
import { readId, type Id } from '../../kernel/ids.js';

const PAGE_DEFAULT = 50;

/** A cursor is the id of the last item seen, in a form that invites nobody to build one. */
export const cursorOf = (id: string): string =>
  Buffer.from(id.replaceAll('-', ''), 'hex').toString('base64url');

/** @throws DomainError `request.invalid_value` */
// eslint-disable-next-line @typescript-eslint/no-unnecessary-type-parameters -- the caller says what it reads
export function readCursor<C extends Id<string>>(cursor: string | undefined): C | null {
  if (cursor === undefined) return null;
  const hex = Buffer.from(cursor, 'base64url').toString('hex');
  const id = readId<C>(hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5'));
  if (id === null || cursorOf(id) !== cursor)
    throw new DomainError('request.invalid_value', 'cursor: not one that this list gave');
  return id;
}

export interface PageAsked {
  readonly cursor?: string;
  readonly limit?: string;
}

export const limitOf = ({ limit }: PageAsked): number =>
  limit === undefined ? PAGE_DEFAULT : Number(limit);

/** @throws DomainError `request.invalid_value` */
export const pageOf = <C extends Id<string>>(asked: PageAsked): PageOf<C> => ({
  cursor: readCursor<C>(asked.cursor),
  limit: limitOf(asked),
});

export interface ListAnswer<T> {
  readonly items: readonly T[];
}

/** A page on the wire; where there are more, the next one is in the `Link` field (RFC 8288). */
export function answerPage<T>(
  items: readonly T[],
  next: string | null,
  reply: FastifyReply,
): ListAnswer<T> {
  if (next !== null) {
    const url = new URL(reply.request.url, 'http://here');
    url.searchParams.set('cursor', next);
    void reply.header('link', `<${url.pathname}${url.search}>; rel="next"`);
  }
  return { items };
}

/** The same for a list whose cursor is an id. */
export const answerListed = <T, W>(
  listed: Listed<T>,
  view: (item: T) => W,
  reply: FastifyReply,
): ListAnswer<W> =>
  answerPage(listed.items.map(view), listed.next === null ? null : cursorOf(listed.next), reply);
