import { All, Controller, Get, Header, Param, Query, Req, UseGuards } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import { DomainError } from '../../kernel/domain-error.js';
import { resourceTypes, schemas, serviceProviderConfig } from '../present/discovery.js';
import { MEDIA_TYPE } from '../present/errors.js';
import { presentList } from '../present/lists.js';
import type { JsonObject } from '../present/projected.js';
import { ScimGuard, scimTerms } from './scim.guard.js';
import { ScimRoot } from './scim-root.js';

type QueryValues = Readonly<Record<string, unknown>>;

/** What we can do and keep (RFC 7644 §4). Read-only: every other method is a 405. */
@Controller('scim/v2')
@UseGuards(ScimGuard)
export class DiscoveryController {
  readonly #root: ScimRoot;

  constructor(root: ScimRoot) {
    this.#root = root;
  }

  @Get('ServiceProviderConfig')
  @Header('content-type', MEDIA_TYPE)
  config(@Req() request: FastifyRequest, @Query() query: QueryValues): JsonObject {
    refuseFilter(query);
    return serviceProviderConfig(this.#root.of(request), scimTerms.get(request));
  }

  @Get('ResourceTypes')
  @Header('content-type', MEDIA_TYPE)
  types(@Req() request: FastifyRequest, @Query() query: QueryValues): JsonObject {
    return listed(resourceTypes(this.#root.of(request)), query);
  }

  @Get('ResourceTypes/:id')
  @Header('content-type', MEDIA_TYPE)
  type(@Req() request: FastifyRequest, @Param('id') id: string): JsonObject {
    return one(resourceTypes(this.#root.of(request)), id);
  }

  @Get('Schemas')
  @Header('content-type', MEDIA_TYPE)
  schemas(@Req() request: FastifyRequest, @Query() query: QueryValues): JsonObject {
    return listed(schemas(this.#root.of(request)), query);
  }

  @Get('Schemas/:id')
  @Header('content-type', MEDIA_TYPE)
  schema(@Req() request: FastifyRequest, @Param('id') id: string): JsonObject {
    return one(schemas(this.#root.of(request)), id);
  }

  /** RFC 7644 §3.11: whoever asks here is a connection, and no person. */
  @All('Me')
  me(): never {
    throw new DomainError('scim.no_self', 'a connection is no person: there is no Me');
  }
}

function listed(all: readonly JsonObject[], query: QueryValues): JsonObject {
  refuseFilter(query);
  return presentList(all, all.length, { startIndex: 1 });
}

function one(all: readonly JsonObject[], id: string): JsonObject {
  const found = all.find((each) => String(each['id']).toLowerCase() === id.toLowerCase());
  if (found === undefined)
    throw new DomainError('request.path_unknown', 'there is none of this id');
  return found;
}

/** RFC 7644 §4: a filter here would suggest that there is more to find. */
function refuseFilter(query: QueryValues): void {
  if (query['filter'] !== undefined)
    throw new DomainError('scim.filter_forbidden', 'this is not filtered');
}
