import { IsArray, ArrayUnique, ArrayMinSize } from 'class-validator';
import { API_KEY_SCOPES, type ApiKey, type ApiKeyScope } from '../../api-keys/index.js';
import type { Secret } from '../../kernel/secret.js';
import type { AdminKey } from '../admin-keys.js';
import { ROLES, type Role } from '../roles.js';
import { id, listOf, object, oneOf, orNull, text, time } from './schema.js';
import { Choice, Choices, Text } from './text.decorator.js';

export class NewAdminKeyBody {
  @Text(200)
  readonly name!: string;

  @Choice(ROLES)
  readonly role!: Role;
}

export class NewApiKeyBody {
  @Text(200)
  readonly name!: string;

  @IsArray()
  @ArrayMinSize(1)
  @ArrayUnique()
  @Choices(API_KEY_SCOPES)
  readonly scopes!: readonly ApiKeyScope[];
}

const adminKeyMembers = {
  id,
  org: orNull(id),
  name: text,
  role: oneOf(ROLES),
  created_at: time,
  revoked_at: orNull(time),
};

export const adminKeySchema = object(adminKeyMembers);
/** The answer to making one: the only time that the key is shown. */
export const newAdminKeySchema = object({ ...adminKeyMembers, key: text });

export const adminKeyView = (key: AdminKey) => ({
  id: key.id,
  org: key.organization,
  name: key.name,
  role: key.role,
  created_at: key.createdAt.toISOString(),
  revoked_at: key.revokedAt?.toISOString() ?? null,
});

export const newAdminKeyView = (made: { readonly key: AdminKey; readonly secret: Secret }) => ({
  ...adminKeyView(made.key),
  key: made.secret.reveal(),
});

const apiKeyMembers = {
  id,
  org: id,
  name: text,
  scopes: listOf(oneOf(API_KEY_SCOPES)),
  created_at: time,
  revoked_at: orNull(time),
};

export const apiKeySchema = object(apiKeyMembers);
/** The answer to making one: the only time that the key is shown. */
export const newApiKeySchema = object({ ...apiKeyMembers, key: text });

export const apiKeyView = (key: ApiKey) => ({
  id: key.id,
  org: key.organization,
  name: key.name,
  scopes: key.scopes,
  created_at: key.createdAt.toISOString(),
  revoked_at: key.revokedAt?.toISOString() ?? null,
});

export const newApiKeyView = (made: { readonly key: ApiKey; readonly secret: Secret }) => ({
  ...apiKeyView(made.key),
  key: made.secret.reveal(),
});
