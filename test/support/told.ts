interface Asked {
  query<R extends object>(text: string): Promise<R[]>;
}

/** What each event says of a person's account, in the order in which they are told it. */
const words = `
  words as (
    select *, lag(word) over (partition by organization_id, subject_id order by seq) as before from (
      select seq, id, organization_id, subject_id,
             case when type like '%/account-enabled' then 'enabled' else 'disabled' end as word
        from events_pending
       where type like '%/account-enabled'
          or events ?| array['https://schemas.openid.net/secevent/risc/event-type/account-disabled',
                             'urn:ietf:params:scim:event:prov:deactivate']
          or type = 'urn:ietf:params:scim:event:prov:delete' and resource like '/Users/%') said)`;

/**
 * Cases that revoked something and are not told exactly once, of what they revoked; events that say that somebody left without
 * a case of that id; and people of whom the last word told is not what they are. Of everything that has happened in a
 * database whose queue of events nobody has emptied.
 */
export async function toldOtherwise(world: Asked): Promise<object[]> {
  return world.query(
    `with ${words}
     select c.scope as about, c.cause_kind as why, count(e.id)::integer as told
       from cases c
       left join events_pending e
         on e.id = c.id and e.organization_id = c.organization_id
        and case when e.type like '%/session-revoked' then e.resource = c.scope || '/' || c.subject_id
                 else c.scope = 'user' and e.subject_id = c.user_id end
      where c.revoked_at is not null and c.organization_id is not null
      group by c.id having count(e.id) <> 1
     union all
     select e.resource, e.type, 0 from events_pending e
      where (e.type like '%/session-revoked' or e.events ? 'urn:ietf:params:scim:event:prov:deactivate'
             or e.type = 'urn:ietf:params:scim:event:prov:delete' and e.resource like '/Users/%')
        and not exists (select from cases c where c.id = e.id and c.revoked_at is not null)
        -- An activation that came too late for a hold shows the resource as inactive: that case has been told before.
        and not exists (select from words w where w.seq = e.seq and w.before = 'disabled'
                           and e.events ? 'urn:ietf:params:scim:event:prov:deactivate')
     union all
     select 'user/' || g.subject_id, 'held by ' || g.holds::text, 0
       from subject_generations g
      where g.scope = 'user'
        and (g.holds <> '{}') <> coalesce((select w.word = 'disabled' from words w
                                            where w.organization_id = g.organization_id and w.subject_id = g.subject_id
                                            order by w.seq desc limit 1), false)`,
  );
}

/** How many cases of which cause and scope there are: so that a test knows that it has met them. */
export async function casesMet(world: Asked): Promise<ReadonlySet<string>> {
  const met = await world.query<{ readonly of: string }>(
    `select distinct cause_kind || ' ' || scope as of from cases where revoked_at is not null`,
  );
  return new Set(met.map((one) => one.of));
}
