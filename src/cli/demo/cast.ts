import { bearer, call, textIn } from './client.js';

/** Somebody at one device, with an access token of their own. */
export interface Seat {
  readonly person: string;
  readonly device: string;
  readonly token: string;
}

export interface Cast {
  readonly organization: string;
  readonly scim: { readonly url: string; readonly secret: string };
  readonly hook: { readonly url: string; readonly secret: string };
  /** SCIM id by name. */
  readonly people: Readonly<Record<string, string>>;
  readonly seats: readonly Seat[];
}

/** Who sits where: five devices, one of them shared. */
const SEATS = [
  ['ada', 'ada-laptop'],
  ['ada', 'ada-phone'],
  ['ada', 'front-desk'],
  ['bob', 'front-desk'],
  ['bob', 'bob-tablet'],
  ['cleo', 'cleo-laptop'],
] as const;

const PEOPLE = ['ada', 'bob', 'cleo'] as const;

/** The id by which Okta knows somebody; it sends it as externalId and as the target of its events. */
export const oktaId = (name: string): string => `00u${name}example`;

/** An organization, two connections, three people, five devices, six device tokens. */
export async function gather(url: string, adminKey: string): Promise<Cast> {
  const admin = bearer(adminKey);
  const post = (path: string, body: unknown) =>
    call(`${url}${path}`, { method: 'POST', headers: admin, body, expect: 201 });
  const organization = textIn(await post('/v1/organizations', { name: 'Example Ltd' }), 'id');
  const own = `/v1/organizations/${organization}`;
  const scim = await post(`${own}/connections`, { kind: 'scim', name: 'Entra' });
  const hook = await post(`${own}/connections`, {
    kind: 'okta-event-hook',
    name: 'Okta events',
    identities_from: scim['id'],
  });
  const apiKey = await post(`${own}/api-keys`, {
    name: 'backend',
    scopes: ['device-tokens:bootstrap'],
  });
  const base = { url: textIn(scim, 'url'), secret: textIn(scim, 'secret') };
  const people: Record<string, string> = {};
  for (const name of PEOPLE) people[name] = await provision(base, name);
  const seats: Seat[] = [];
  for (const [person, device] of SEATS)
    seats.push({
      person,
      device,
      token: await enrol(url, textIn(apiKey, 'key'), { person: people[person] ?? '', device }),
    });
  return {
    organization,
    scim: base,
    hook: { url: textIn(hook, 'url'), secret: textIn(hook, 'secret') },
    people,
    seats,
  };
}

async function provision(scim: Cast['scim'], name: string): Promise<string> {
  const body = {
    schemas: ['urn:ietf:params:scim:schemas:core:2.0:User'],
    userName: `${name}@example.com`,
    externalId: oktaId(name),
    active: true,
    emails: [{ value: `${name}@example.com`, type: 'work', primary: true }],
  };
  const answer = await call(`${scim.url}/Users`, {
    method: 'POST',
    headers: { ...bearer(scim.secret), 'content-type': 'application/scim+json' },
    body,
    expect: 201,
  });
  return textIn(answer, 'id');
}

/** The two steps of a device: the backend fetches a bootstrap token, the device trades it for its own. */
async function enrol(
  url: string,
  apiKey: string,
  { person, device }: { readonly person: string; readonly device: string },
): Promise<string> {
  const bootstrap = await call(`${url}/api/v1/device-auth/token`, {
    method: 'POST',
    headers: { 'x-api-key': apiKey },
    body: { device_id: device, user: { id: person } },
    expect: 201,
  });
  const tokens = await call(`${url}/api/v1/device-auth/bootstrap`, {
    method: 'POST',
    headers: bearer(textIn(bootstrap, 'bootstrap_token')),
    body: { device_identifier: device },
    expect: 201,
  });
  return textIn(tokens, 'access_token');
}
