import type { Organization } from '../../directory/index.js';
import { id, object, text, time } from './schema.js';
import { Flag, Text } from './text.decorator.js';

export class NewOrganization {
  @Text(200)
  readonly name!: string;
}

export class OrganizationChanges {
  @Text(200, { optional: true })
  readonly name?: string | null;

  @Flag({ optional: true, description: 'Whether devices may get tokens that belong to nobody.' })
  readonly allow_ownerless?: boolean | null;
}

export const organizationSchema = object({
  id,
  name: text,
  allow_ownerless: { type: 'boolean' },
  created_at: time,
});

export const organizationView = (organization: Organization) => ({
  id: organization.id,
  name: organization.name,
  allow_ownerless: organization.allowOwnerless,
  created_at: organization.createdAt.toISOString(),
});
