import pg from 'pg';
import { TokenKeys } from '../../src/platform/crypto/key-ring.js';
import type { PrivateJwks } from '../../src/platform/crypto/private-jwks.js';
import { newId } from '../../src/kernel/ids.js';
import { signAccessToken } from '../../src/tokens/sign-access-token.js';
import { Installation, ISSUER } from './installation.js';

export interface Company {
  readonly organization: string;
  readonly connection: string;
  readonly scim: { readonly url: string; readonly secret: string };
  readonly apiKey: string;
  /** SCIM id of somebody whom the service made: seeded people have a copy of their attributes. */
  readonly pattern: string;
}

export interface Leaver {
  readonly user: string;
  /** The access token of one of their device tokens. */
  readonly token: string;
}

/** Through the service itself: an organization, a SCIM connection, an API key. */
export async function found({ http, url, admin }: Installation): Promise<Company> {
  const organization = await http.json(`${url}/v1/organizations`, admin, { name: 'Example Ltd' });
  const own = `${url}/v1/organizations/${organization['id'] ?? ''}`;
  const scim = await http.json(`${own}/connections`, admin, { kind: 'scim', name: 'Entra' });
  const apiKey = await http.json(`${own}/api-keys`, admin, {
    name: 'backend',
    scopes: ['device-tokens:bootstrap'],
  });
  const pattern = await http.json(
    `${scim['url'] ?? ''}/Users`,
    { authorization: `Bearer ${scim['secret'] ?? ''}`, 'content-type': 'application/scim+json' },
    {
      schemas: ['urn:ietf:params:scim:schemas:core:2.0:User'],
      userName: 'PATTERN@example.com',
      externalId: 'ext-PATTERN',
      active: true,
      emails: [{ value: 'PATTERN@example.com', type: 'work', primary: true }],
    },
  );
  return {
    pattern: pattern['id'] ?? '',
    organization: organization['id'] ?? '',
    connection: scim['id'] ?? '',
    scim: { url: scim['url'] ?? '', secret: scim['secret'] ?? '' },
    apiKey: apiKey['id'] ?? '',
  };
}

// The rows that SCIM POST and device-auth write, set-based: N people, each with so many devices and a redeemed
// device token on every one of them.
const PEOPLE = `
  with p as materialized (select * from unnest($3::uuid[], $4::uuid[], $5::uuid[]) as p (id, device, family)),
  u as (insert into users (id, organization_id) select id, $1 from p),
  r as (
    insert into resources (id, organization_id, connection_id, user_id, user_name, user_name_key, external_id, emails, active,
                           attributes, folded, version, created_at, changed_at)
    select id, $1, $2, id, id || '@example.com', id || '@example.com', 'ext-' || id, array[id || '@example.com'], true,
           (select replace(attributes::text, 'PATTERN', p.id::text)::jsonb from resources where id = $8),
           (select replace(folded::text, 'pattern', p.id::text)::jsonb from resources where id = $8),
           1, clock_timestamp(), clock_timestamp() from p),
  i as (
    insert into identities (organization_id, connection_id, kind, value, user_id)
    select $1, $2, n.kind, n.value, p.id
      from p, lateral (values ('user_name', p.id || '@example.com'), ('scim_id', p.id::text),
                              ('external_id', 'ext-' || p.id), ('email', p.id || '@example.com')) as n (kind, value)),
  g as (insert into subject_generations (organization_id, scope, subject_id) select $1, 'user', id from p),
  t as materialized (
    select p.id as person, n, case n when 1 then p.device else gen_random_uuid() end as device,
           case n when 1 then p.family else gen_random_uuid() end as family
      from p, generate_series(1, $7::int) as n),
  d as (insert into devices (id, organization_id, device_id) select device, $1, device::text from t),
  gd as (insert into subject_generations (organization_id, scope, subject_id) select $1, 'device', device from t),
  gf as (insert into subject_generations (organization_id, scope, subject_id) select $1, 'family', family from t),
  a as (insert into assignments (id, organization_id, device_id, user_id) select gen_random_uuid(), $1, device, person from t)
  insert into device_tokens (id, organization_id, user_id, device_id, api_key_id, gen_o, gen_u, gen_d, gen_f, bootstrap_digest,
                             bootstrap_expires_at, redeemed_at, refreshed_at, refresh_digest, access_ttl_s, created_at, expires_at)
  select family, $1, person, device, $6, 1, 1, 1, 1, sha256(family::text::bytea), now() + interval '5 minutes', now(), now(),
         sha256(device::text::bytea), 900, now(), now() + interval '90 days' from t`;

export interface Seeded {
  readonly user: string;
  readonly device: string;
  readonly family: string;
}

/**
 * People as the service would have made them, written by the database's owner because there are many. They are handed
 * out as they are written: who needs less of them than all keeps less.
 */
export async function* seeding(
  installation: Installation,
  company: Company,
  { people, tokensEach }: { readonly people: number; readonly tokensEach: number },
): AsyncGenerator<readonly Seeded[]> {
  const client = new pg.Client({ connectionString: installation.databaseUrl });
  await client.connect();
  try {
    const atOnce = Math.max(1, Math.floor(20_000 / Math.max(1, tokensEach)));
    for (let done = 0; done < people; done += atOnce) {
      const some = Array.from({ length: Math.min(atOnce, people - done) }, () => ({
        user: newId<string>(),
        device: newId<string>(),
        family: newId<string>(),
      }));
      await client.query(PEOPLE, [
        company.organization,
        company.connection,
        some.map(({ user }) => user),
        some.map(({ device }) => device),
        some.map(({ family }) => family),
        company.apiKey,
        tokensEach,
        company.pattern,
      ]);
      yield some;
    }
  } finally {
    await client.end();
  }
}

/** The same, all of them. */
async function seedPeople(
  installation: Installation,
  company: Company,
  of: { readonly people: number; readonly tokensEach: number },
): Promise<readonly Seeded[]> {
  const made: Seeded[] = [];
  for await (const some of seeding(installation, company, of))
    for (const each of some) made.push(each);
  return made;
}

/** The same, each with an access token of one of their device tokens. */
export async function seed(
  installation: Installation,
  company: Company,
  of: { readonly people: number; readonly tokensEach: number },
): Promise<readonly Leaver[]> {
  const keys = new TokenKeys(JSON.parse(installation.secrets.tokenKeys) as PrivateJwks);
  const key = keys.signingKeyExcept([]);
  if (key === null) throw new Error('no key signs');
  const made = await seedPeople(installation, company, of);
  const iat = Math.floor(Date.now() / 1_000);
  return made.map(({ user, device, family }) => ({
    user,
    token: signAccessToken(
      {
        iss: ISSUER,
        aud: 'offswitch',
        sub: user,
        client_id: device,
        did: device,
        org: company.organization,
        fam: family,
        jti: newId(),
        iat,
        exp: iat + 3_600,
        scope: '',
        gen: { o: 1, u: 1, d: 1, f: 1 },
      },
      key,
    ),
  }));
}

/** So that the first of a run does not pay for what autovacuum would have done by then. */
export async function settle(installation: Installation): Promise<void> {
  const client = new pg.Client({ connectionString: installation.databaseUrl });
  await client.connect();
  await client.query('vacuum (analyze)');
  await client.query('checkpoint');
  await client.end();
}
