/** Which server answers, and whether a standby keeps all that it acknowledges. */
export interface ServerIdentity {
  /** Made by initdb; a copy of the files has the same. */
  readonly systemIdentifier: string;
  /** Counts up with every promotion and every recovery to a point in time. */
  readonly timeline: number;
  /** No COMMIT is acknowledged before a standby has it on its disk. */
  readonly isSynchronous: boolean;
}

/** The installation's row and the server that it was read from. */
export interface Sight {
  /** As the row has it; null before the first service looked. */
  readonly known: ServerIdentity | null;
  readonly epoch: number;
  readonly server: ServerIdentity;
}

/** `moved`: another server, and nothing that was acknowledged is missing on it. */
export type Standing =
  { readonly kind: 'first' | 'same' | 'moved' } | { readonly kind: 'lost'; readonly why: string };

/**
 * Whether this database may have forgotten what it acknowledged (design §7).
 *
 * @param epoch the one that the process began with; null when it only begins
 */
export function standingOf({ known, epoch: found, server }: Sight, epoch: number | null): Standing {
  if (epoch !== null && found !== epoch)
    return { kind: 'lost', why: `its epoch is ${found}, and this process began in ${epoch}` };
  if (known === null) return { kind: 'first' };
  if (known.systemIdentifier !== server.systemIdentifier)
    return { kind: 'lost', why: 'its contents come from another database cluster' };
  if (known.timeline === server.timeline) return { kind: 'same' };
  if (known.isSynchronous) return { kind: 'moved' };
  return {
    kind: 'lost',
    why: `it went from timeline ${known.timeline} to ${server.timeline} without a synchronous standby`,
  };
}

/** One statement, so that the row and the server are seen together. On a standby `timeline` is null. */
export const SIGHT = `
  select i.epoch, i.system_identifier as known_system, i.timeline as known_timeline,
         i.is_synchronous as was_synchronous,
         (select c.system_identifier::text from pg_control_system() c) as system,
         case when not pg_is_in_recovery()
              then ('x' || left(pg_walfile_name(pg_current_wal_lsn()), 8))::bit(32)::bigint end as timeline,
         current_setting('synchronous_standby_names') <> ''
           and current_setting('synchronous_commit') in ('on', 'remote_apply') as is_synchronous
    from installation i`;

export interface SightRow {
  readonly epoch: string;
  readonly known_system: string | null;
  readonly known_timeline: string | null;
  readonly was_synchronous: boolean;
  readonly system: string;
  readonly timeline: string | null;
  readonly is_synchronous: boolean;
}

/** Null when a standby answered: it can be asked for nothing. */
export function sightOf(row: SightRow): Sight | null {
  if (row.timeline === null) return null;
  return {
    known:
      row.known_system === null
        ? null
        : {
            systemIdentifier: row.known_system,
            timeline: Number(row.known_timeline),
            isSynchronous: row.was_synchronous,
          },
    epoch: Number(row.epoch),
    server: {
      systemIdentifier: row.system,
      timeline: Number(row.timeline),
      isSynchronous: row.is_synchronous,
    },
  };
}
