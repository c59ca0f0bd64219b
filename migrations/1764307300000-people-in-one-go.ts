import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Many people of an operator's order are locked and read in one trip, as one is. */
export class PeopleInOneGo1764307300000 implements MigrationInterface {
  readonly name = 'PeopleInOneGo1764307300000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      -- What lock_subject says of one user, of each of these. Whom the organization does not have is left out.
      create function lock_people(p_org uuid, p_people uuid[]) returns jsonb language plpgsql volatile as $$
      declare v_people uuid[] := array(select distinct u.id from unnest(p_people) as u (id) order by 1);
      begin
        perform pg_advisory_xact_lock_shared(organization_lock(p_org));
        perform lock_alone(p_org, 'user', u.id) from unnest(v_people) as u (id);
        return (select jsonb_build_object('at', clock_timestamp(), 'people', coalesce(jsonb_agg(jsonb_build_object(
                  'user', g.subject_id, 'generation', g.generation, 'holds', g.holds, 'lifts', g.lifts,
                  'foreign', foreign_names(p_org, g.subject_id), 'tokens', c.tokens, 'devices', c.devices)), '[]'::jsonb))
                  from unnest(v_people) as u (id)
                  join subject_generations g on g.organization_id = p_org and g.scope = 'user' and g.subject_id = u.id
                 cross join lateral (
                   select count(*) as tokens, count(distinct t.device_id) as devices from device_tokens t
                    where t.organization_id = p_org and t.user_id = u.id and t.revoked_at is null
                      and t.expires_at > clock_timestamp()) c);
      end $$;
    `);
  }

  async down(): Promise<void> {
    await Promise.reject(new Error('migrations only go forward'));
  }
}
