import { ISSUER_SUBJECTS } from '../../deprovision/index.js';
import {
  complex,
  flag,
  kind,
  link,
  list,
  PLACES,
  primary,
  text,
  type Attribute,
  type ResourceKind,
  type Schema,
} from './schema.js';

const messengers = ['aim', 'gtalk', 'icq', 'xmpp', 'msn', 'skype', 'qq', 'yahoo'];

/** RFC 7643 §4.1.2. Asked for by name alone: nobody else's answer waits for it. */
const GROUPS_OF_PERSON: Attribute = {
  ...complex('groups', 'The groups that the person is in; told when asked for by name.', [
    { ...text('value', 'The id of the group.'), caseExact: true, mutability: 'readOnly' },
    { ...link('$ref', 'Where the group is.', ['Group']), mutability: 'readOnly' },
    { ...text('display', 'The name of the group.'), mutability: 'readOnly' },
    {
      ...text('type', 'How the person belongs to it.'),
      mutability: 'readOnly',
      canonicalValues: ['direct'],
    },
  ]),
  multiValued: true,
  mutability: 'readOnly',
  returned: 'request',
};

/** RFC 7643 §4.1, without what is not kept: `password` is never stored. */
export const USER_SCHEMA: Schema = {
  id: 'urn:ietf:params:scim:schemas:core:2.0:User',
  name: 'User',
  description: 'User Account',
  attributes: [
    {
      ...text('userName', 'Names the person to the IdP; unique in its connection.'),
      required: true,
      uniqueness: 'server',
    },
    complex('name', 'The parts of the name.', [
      text('formatted', 'The full name.'),
      text('familyName', 'Family name.'),
      text('givenName', 'Given name.'),
      text('middleName', 'Middle names.'),
      text('honorificPrefix', 'Title before the name.'),
      text('honorificSuffix', 'Suffix after the name.'),
    ]),
    text('displayName', 'The name to show.'),
    text('nickName', 'The casual name.'),
    link('profileUrl', 'Where a profile of the person is.', ['external']),
    text('title', 'Title in the organization.'),
    text('userType', 'How the person belongs to the organization.'),
    text('preferredLanguage', 'Preferred languages, as in Accept-Language.'),
    text('locale', 'Locale for numbers and dates.'),
    text('timezone', 'Time zone, by its IANA name.'),
    flag('active', 'False: every device token of the person is revoked and none is issued.'),
    list('emails', 'E-mail addresses.', text('value', 'The address.')),
    list('phoneNumbers', 'Telephone numbers.', text('value', 'The number.'), [
      ...PLACES,
      'mobile',
      'fax',
      'pager',
    ]),
    list('ims', 'Instant messaging addresses.', text('value', 'The address.'), messengers),
    list('photos', 'Pictures.', link('value', 'Where the picture is.', ['external']), [
      'photo',
      'thumbnail',
    ]),
    {
      ...complex('addresses', 'Postal addresses.', [
        text('formatted', 'The full address.'),
        text('streetAddress', 'Street, house number, floor.'),
        text('locality', 'City.'),
        text('region', 'State or region.'),
        text('postalCode', 'Postal code.'),
        text('country', 'Country, ISO 3166-1 alpha-2.'),
        kind(PLACES),
        primary,
      ]),
      multiValued: true,
    },
    GROUPS_OF_PERSON,
    list('entitlements', 'What the person is entitled to.', text('value', 'The entitlement.')),
    list('roles', 'Roles of the person.', text('value', 'The role.')),
    list('x509Certificates', 'Certificates of the person.', {
      ...text('value', 'DER, base64.'),
      type: 'binary',
      caseExact: true,
    }),
  ],
};

/** RFC 7643 §4.3. */
export const ENTERPRISE_SCHEMA: Schema = {
  id: 'urn:ietf:params:scim:schemas:extension:enterprise:2.0:User',
  name: 'EnterpriseUser',
  description: 'Enterprise User',
  attributes: [
    text('employeeNumber', 'Number or name of the employment.'),
    text('costCenter', 'Cost center.'),
    text('organization', 'Organization.'),
    text('division', 'Division.'),
    text('department', 'Department.'),
    complex('manager', 'Who the person reports to.', [
      text('value', 'The id of the manager.'),
      link('$ref', 'Where the manager is.', ['User']),
      { ...text('displayName', 'The name of the manager.'), mutability: 'readOnly' },
    ]),
  ],
};

/** Ours: what issuers of tokens call the person, where no other name of theirs is that. */
const SUBJECTS_SCHEMA: Schema = {
  id: ISSUER_SUBJECTS.schema,
  name: 'OffswitchUser',
  description: 'What issuers of tokens call the person',
  attributes: [
    {
      ...complex(
        ISSUER_SUBJECTS.attribute,
        'What issuers say in `sub`; each belongs to one person of the organization.',
        [
          { ...text('issuer', '`iss`, exactly.'), caseExact: true, required: true },
          { ...text('value', '`sub`, exactly.'), caseExact: true, required: true },
        ],
      ),
      multiValued: true,
      uniqueness: 'server',
    },
  ],
};

export const USERS: ResourceKind = {
  core: USER_SCHEMA,
  extensions: [ENTERPRISE_SCHEMA, SUBJECTS_SCHEMA],
  readOnly: ['id', 'meta', 'schemas', 'groups'],
};

/** Those of people. */
export const SCHEMAS: readonly Schema[] = [USER_SCHEMA, ENTERPRISE_SCHEMA, SUBJECTS_SCHEMA];

/** RFC 7643 §3.1: belongs to every resource and stands in no schema. */
export const EXTERNAL_ID = { ...text('externalId', "The IdP's own key."), caseExact: true };
