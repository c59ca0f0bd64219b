import type { MigrationInterface, QueryRunner } from 'typeorm';

/** A creation that is refused says something of a person all the same: of the one who has the name. */
export class WhoOwnsATakenName1764251600000 implements MigrationInterface {
  readonly name = 'WhoOwnsATakenName1764251600000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      -- Who has this user name among the living of the connection: locks that person, then reads. Null when nobody
      -- has it, or has it no more by the time the person is ours.
      create function lock_name_owner(p_org uuid, p_connection uuid, p_user_name text) returns jsonb
      language plpgsql volatile as $$
      declare v_user uuid;
      begin
        perform pg_advisory_xact_lock_shared(organization_lock(p_org));
        select r.user_id into v_user from resources r
         where r.organization_id = p_org and r.connection_id = p_connection
           and r.user_name_key = p_user_name and r.deleted_at is null;
        if not found then return null; end if;
        perform lock_alone(p_org, 'user', v_user);
        return (select jsonb_build_object('at', clock_timestamp(), 'person', person_state(p_org, v_user))
                 where exists (select from resources r
                                where r.organization_id = p_org and r.connection_id = p_connection
                                  and r.user_name_key = p_user_name and r.deleted_at is null
                                  and r.user_id = v_user));
      end $$;

      -- A new resource: locks its names, finds whom it speaks of, locks that person, then reads. When the name is
      -- taken, that is its owner: with the name's lock held nobody else can have got it meanwhile.
      create or replace function lock_creation(p_org uuid, p_connection uuid, p_user_name text, p_names jsonb)
      returns jsonb language plpgsql volatile as $$
      declare v_user uuid; v_owned jsonb;
      begin
        perform pg_advisory_xact_lock_shared(organization_lock(p_org));
        perform lock_names(p_org, p_names);
        v_owned := lock_name_owner(p_org, p_connection, p_user_name);
        if v_owned is not null then
          return v_owned || jsonb_build_object('taken', true, 'waiting', '[]'::jsonb);
        end if;
        -- The connection's own tombstone comes first, whatever \`link\` says; then the one person of that name.
        select r.user_id into v_user from resources r
         where r.organization_id = p_org and r.connection_id = p_connection
           and r.user_name_key = p_user_name and r.deleted_at is not null
         order by r.deleted_at desc limit 1;
        if not found then
          select min(r.user_id::text)::uuid into v_user from resources r
            join connections c on c.organization_id = p_org and c.id = p_connection and c.link = 'user-name'
           where r.organization_id = p_org and r.user_name_key = p_user_name and r.connection_id <> p_connection
          having count(distinct r.user_id) = 1;
        end if;
        if v_user is not null then
          perform lock_alone(p_org, 'user', v_user);
        end if;
        return (select jsonb_build_object(
          'at', clock_timestamp(),
          'person', case when v_user is not null then person_state(p_org, v_user) end,
          'waiting', waiting_for(p_org, p_names),
          'taken', false));
      end $$;
    `);
  }

  async down(): Promise<void> {
    await Promise.reject(new Error('migrations only go forward'));
  }
}
