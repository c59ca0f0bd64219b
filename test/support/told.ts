interface Asked {
  query<R extends object>(text: string): Promise<R[]>;
}

/**
 * Cases that revoked something and are not told exactly once, and events that say that somebody left without a case of that
 * id: of everything that has happened in a database whose queue of events nobody has emptied.
 */
export async function toldOtherwise(world: Asked): Promise<object[]> {
  return world.query(
    `select c.scope, c.cause_kind, count(e.id)::integer as told
       from cases c left join events_pending e on e.id = c.id and e.organization_id = c.organization_id
      where c.revoked_at is not null and c.organization_id is not null
      group by c.id having count(e.id) <> 1
     union all
     select e.resource, e.type, 0 from events_pending e
      where (e.type like '%/session-revoked' or e.events ? 'urn:ietf:params:scim:event:prov:deactivate'
             or e.type = 'urn:ietf:params:scim:event:prov:delete' and e.resource like '/Users/%')
        and not exists (select from cases c where c.id = e.id and c.revoked_at is not null)`,
  );
}

/** How many cases of which cause and scope there are: so that a test knows that it has met them. */
export async function casesMet(world: Asked): Promise<ReadonlySet<string>> {
  const met = await world.query<{ readonly of: string }>(
    `select distinct cause_kind || ' ' || scope as of from cases where revoked_at is not null`,
  );
  return new Set(met.map((one) => one.of));
}
