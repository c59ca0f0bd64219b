import {
  connectionKinds,
  connectionPath,
  type Accepts,
  type Connection,
  type ConnectionKind,
  type Interop,
  type Link,
} from '../../directory/index.js';
import type { Secret } from '../../kernel/secret.js';
import { id, listOf, object, oneOf, orNull, text, time, whole } from './schema.js';
import { Choice, Text, Uuid, Whole } from './text.decorator.js';

const LINKS: readonly Link[] = ['user-name', 'none'];
const INTEROPS: readonly Interop[] = ['tolerant', 'strict'];
const ACCEPTED: readonly Accepts[] = ['bearer', 'basic', 'keys'];

/** From an hour to five years. */
const LIFE = { min: 3_600, max: 157_680_000 };
const LIFE_SAID =
  'Seconds for which the new secret is good. Left out: until it is rotated. Before it ends somebody is called.';
/** From a minute to a year. */
const SILENCE = { min: 60, max: 31_536_000 };

export class NewConnectionBody {
  @Choice(connectionKinds)
  readonly kind!: ConnectionKind;

  @Text(200)
  readonly name!: string;

  @Choice(LINKS, {
    optional: true,
    description: '`user-name` (the default): a new resource belongs to the user of the same name.',
  })
  readonly link?: Link | null;

  @Uuid({ optional: true, description: 'A connection whose names the signals of this one use.' })
  readonly identities_from?: string | null;

  @Text(49, { optional: true, description: '`whpk_…`: bodies are signed with Ed25519 by them.' })
  readonly public_key?: string | null;

  @Whole(SILENCE, {
    optional: true,
    description:
      'After how many seconds without a success somebody is called; null: nobody is. A day for `scim`, null for others, unless told.',
  })
  readonly silence_after_s?: number | null;

  @Choice(INTEROPS, {
    optional: true,
    description:
      'Of `scim`. `tolerant` (the default): what IdPs really send is understood. `strict`: the interoperability profile to the letter.',
  })
  readonly interop?: Interop | null;

  @Choice(ACCEPTED, {
    optional: true,
    description:
      'Of `scim`. `bearer` (the default): the secret, or a token fetched with it or with a key. `basic`: HTTP Basic, too. `keys`: a token fetched with a key and nothing else.',
  })
  readonly accepts?: Accepts | null;

  @Whole(LIFE, { optional: true, description: LIFE_SAID })
  readonly secret_life_s?: number | null;
}

export class ConnectionChangeBody {
  @Whole(SILENCE, { optional: true, description: 'As when it was made. Left out: as it is.' })
  readonly silence_after_s?: number | null;

  @Choice(INTEROPS, { optional: true, description: 'As when it was made. Left out: as it is.' })
  readonly interop?: Interop | null;

  @Choice(ACCEPTED, { optional: true, description: 'As when it was made. Left out: as it is.' })
  readonly accepts?: Accepts | null;
}

/** A day: long enough for somebody to enter the new secret at the IdP. */
export const OVERLAP_DEFAULT_S = 86_400;

export class Rotation {
  @Whole(
    { min: 0, max: 2_592_000 },
    {
      optional: true,
      description: `Seconds for which the present secret stays good: ${OVERLAP_DEFAULT_S} unless told, 0 ends them now.`,
    },
  )
  readonly overlap_s?: number | null;

  @Whole(LIFE, { optional: true, description: LIFE_SAID })
  readonly secret_life_s?: number | null;
}

const connectionMembers = {
  id,
  org: id,
  kind: oneOf(connectionKinds),
  name: text,
  link: oneOf(LINKS),
  identities_from: orNull(id),
  public_key: orNull(text),
  silence_after_s: orNull(whole),
  interop: oneOf(INTEROPS),
  accepts: oneOf(ACCEPTED),
  url: text,
  created_at: time,
  removed_at: orNull(time),
  secrets: listOf(object({ created_at: time, expires_at: orNull(time) })),
};

export const connectionSchema = object(connectionMembers);
/** The answer to making one: the only time that the secret is shown. */
export const newConnectionSchema = object({ ...connectionMembers, secret: orNull(text) });
export const newSecretSchema = object({
  secret: text,
  expires_at: orNull(time),
  previous_expire_at: time,
});

/** @param origin where the service is reached, without a slash at its end */
export const connectionView = (connection: Connection, origin: string) => ({
  id: connection.id,
  org: connection.organization,
  kind: connection.kind,
  name: connection.name,
  link: connection.link,
  identities_from: connection.identitiesFrom,
  public_key: connection.publicKey,
  silence_after_s: connection.silenceAfterS,
  interop: connection.interop,
  accepts: connection.accepts,
  url: `${origin}${connectionPath(connection.kind, connection.id)}`,
  created_at: connection.createdAt.toISOString(),
  removed_at: connection.removedAt?.toISOString() ?? null,
  secrets: connection.secrets.map(({ createdAt, expiresAt }) => ({
    created_at: createdAt.toISOString(),
    expires_at: expiresAt?.toISOString() ?? null,
  })),
});

export const newConnectionView = (
  { connection, secret }: { readonly connection: Connection; readonly secret: Secret | null },
  origin: string,
) => ({ ...connectionView(connection, origin), secret: secret?.reveal() ?? null });
