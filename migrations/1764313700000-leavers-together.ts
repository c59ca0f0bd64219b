import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Several people of one organization who leave at the same time are locked and read in one trip. */
export class LeaversTogether1764313700000 implements MigrationInterface {
  readonly name = 'LeaversTogether1764313700000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      -- What lock_resource says of one, of each of these, in their order: null when the connection has no such living
      -- resource. It waits for nobody's person: whoever is locked by somebody else is 'busy', and has to be locked alone,
      -- in line (lock_alone). So those who are locked here never wait for one who is not, and no deadlock begins here.
      create function lock_resources(p_org uuid, p_connections uuid[], p_resources uuid[]) returns jsonb
      language plpgsql volatile as $$
      declare v_free uuid[]; v_mine uuid[];
      begin
        perform pg_advisory_xact_lock_shared(organization_lock(p_org));
        -- Which person a resource speaks of never changes.
        v_free := array(
          select u.user_id
            from (select distinct r.user_id from unnest(p_connections, p_resources) as w (connection_id, id)
                    join resources r on r.organization_id = p_org and r.connection_id = w.connection_id and r.id = w.id
                   where r.id = any (p_resources)) u
           where pg_try_advisory_xact_lock(subject_lock(p_org, 'user', u.user_id)));
        v_mine := array(
          select g.subject_id from subject_generations g
           where g.organization_id = p_org and g.scope = 'user' and g.subject_id = any (v_free)
             for update skip locked);
        return (
          with issuers as materialized (
            select exists (select from foreign_issuers_in_use(p_org) f) as are_known)
          select jsonb_build_object('at', clock_timestamp(), 'found', jsonb_agg(
              case when r.id is null then null
                   when r.user_id <> all (v_mine) then '"busy"'::jsonb
                   else jsonb_build_object(
                     'resource', jsonb_build_object(
                       'id', r.id, 'user', r.user_id, 'user_name', r.user_name, 'external_id', r.external_id,
                       'emails', r.emails, 'active', r.active, 'attributes', r.attributes, 'version', r.version,
                       'created_at', r.created_at, 'changed_at', r.changed_at),
                     'person', (
                       select jsonb_build_object(
                           'user', g.subject_id, 'generation', g.generation, 'holds', g.holds, 'lifts', g.lifts,
                           'tokens', held.tokens, 'devices', held.devices,
                           'foreign', case when (select i.are_known from issuers i)
                                           then foreign_names(p_org, r.user_id) else '[]'::jsonb end)
                         from subject_generations g,
                              (select count(*) filter (where d.is_token) as tokens, count(distinct d.device_id) as devices
                                 from (select t.device_id, true as is_token from device_tokens t
                                        where t.organization_id = p_org and t.user_id = r.user_id
                                          and t.revoked_at is null and t.expires_at > clock_timestamp()
                                        union all
                                       select s.device_id, false from assignments s
                                        where s.organization_id = p_org and s.user_id = r.user_id
                                          and s.ended_at is null) d) held
                        where g.organization_id = p_org and g.scope = 'user' and g.subject_id = r.user_id))
              end order by w.place))
            from unnest(p_connections, p_resources) with ordinality as w (connection_id, id, place)
            left join lateral (
              select * from resources x
               where x.organization_id = p_org and x.connection_id = w.connection_id and x.id = w.id and x.deleted_at is null
              offset 0) r on true);
      end $$;
    `);
  }

  async down(): Promise<void> {
    await Promise.reject(new Error('migrations only go forward'));
  }
}
