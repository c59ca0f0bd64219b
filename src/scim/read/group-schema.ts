import { complex, link, text, type ResourceKind, type Schema } from './schema.js';

/** RFC 7643 §4.2. */
export const GROUP_SCHEMA: Schema = {
  id: 'urn:ietf:params:scim:schemas:core:2.0:Group',
  name: 'Group',
  description: 'Group',
  attributes: [
    { ...text('displayName', 'The name of the group.'), required: true },
    {
      ...complex('members', 'Who is in the group. Left out of answers when there are many.', [
        { ...text('value', 'The id of the member.'), caseExact: true },
        { ...link('$ref', 'Where the member is.', ['User', 'Group']), mutability: 'readOnly' },
        {
          ...text('type', 'What the member is.'),
          mutability: 'readOnly',
          canonicalValues: ['User', 'Group'],
        },
      ]),
      multiValued: true,
    },
  ],
};

/** Entra names it beside the schema of the RFC. */
export const LEGACY_GROUP_SCHEMA =
  'http://schemas.microsoft.com/2006/11/ResourceManagement/ADSCIM/2.0/Group';

export const GROUPS: ResourceKind = {
  core: GROUP_SCHEMA,
  extensions: [],
  readOnly: ['id', 'meta', 'schemas'],
};
