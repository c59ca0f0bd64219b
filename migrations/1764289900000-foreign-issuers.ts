import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Issuers whose tokens gateways may accept beside ours: what they have signed for a leaver ends with what we have. */
export class ForeignIssuers1764289900000 implements MigrationInterface {
  readonly name = 'ForeignIssuers1764289900000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      -- One issuer and audience is one organization's: gateways find the organization by them. Never changed: what was
      -- issued before a registration is refused, so other terms are another registration.
      create table foreign_issuers (
        id uuid primary key,
        organization_id uuid not null references organizations,
        issuer text not null,
        audience text not null,
        jwks_url text,
        jwks jsonb,
        max_ttl_s integer not null check (max_ttl_s between 1 and 86400),
        subject text not null
          check (subject in ('iss_sub', 'scim_id', 'idp_user_id', 'external_id', 'user_name', 'email')),
        connection_id uuid,
        created_at timestamptz not null,
        removed_at timestamptz,
        check ((jwks_url is null) <> (jwks is null)),
        foreign key (organization_id, connection_id) references connections (organization_id, id)
      );
      create unique index foreign_issuers_living on foreign_issuers (issuer, audience) where removed_at is null;
      create index foreign_issuers_of_organization on foreign_issuers (organization_id);
      grant select, insert on foreign_issuers to offswitch_service;
      grant update (removed_at) on foreign_issuers to offswitch_service;
      grant select on foreign_issuers to offswitch_auditor;

      -- A gateway that has not renewed its lease goes on with one that was removed: for a day, which no token outlives,
      -- it is revoked from as if it were there.
      create function foreign_issuers_in_use(p_org uuid) returns setof foreign_issuers language sql stable
      begin atomic
        select f.* from foreign_issuers f
         where f.organization_id = p_org
           and (f.removed_at is null or f.removed_at > clock_timestamp() - interval '1 day');
      end;

      -- What issuers call somebody in \`sub\`, by one name of theirs in our directory; null where it is no name of that kind.
      create function foreign_sub(p_issuer foreign_issuers, p_connection uuid, p_kind text, p_value text) returns text
      language sql immutable
      begin atomic
        select case when p_kind <> (p_issuer).subject or (p_issuer).connection_id <> p_connection then null
                    when p_kind <> 'iss_sub' then p_value
                    when starts_with(p_value, (p_issuer).issuer || chr(10))
                      then substr(p_value, length((p_issuer).issuer) + 2) end;
      end;

      -- By every name that a person has, or had so short a time ago that a token in it may still live.
      create function foreign_names(p_org uuid, p_user uuid) returns jsonb language sql stable
      begin atomic
        select coalesce(jsonb_agg(distinct jsonb_build_object('issuer', n.issuer, 'sub', n.sub)), '[]'::jsonb)
          from (select f.issuer, foreign_sub(f, i.connection_id, i.kind, i.value) as sub
                  from foreign_issuers_in_use(p_org) f
                  join identities i on i.organization_id = p_org and i.user_id = p_user
                   and (i.ended_at is null or i.ended_at > clock_timestamp() - interval '1 day')) n
         where n.sub <> '';
      end;

      -- By names that nobody is stored under yet.
      create function foreign_names_of(p_org uuid, p_connection uuid, p_names jsonb) returns jsonb language sql stable
      begin atomic
        select coalesce(jsonb_agg(distinct jsonb_build_object('issuer', n.issuer, 'sub', n.sub)), '[]'::jsonb)
          from (select f.issuer, foreign_sub(f, p_connection, i.kind, i.value) as sub
                  from foreign_issuers_in_use(p_org) f, jsonb_to_recordset(p_names) as i (kind text, value text)) n
         where n.sub <> '';
      end;

      -- Everything that a plan needs to know of one person, in one object.
      create or replace function person_state(p_org uuid, p_user uuid) returns jsonb language sql stable
      begin atomic
        select jsonb_build_object(
          'user', g.subject_id,
          'generation', g.generation,
          'holds', g.holds,
          'lifts', g.lifts,
          'tokens', (select count(*) from device_tokens t
                      where t.organization_id = p_org and t.user_id = p_user
                        and t.revoked_at is null and t.expires_at > clock_timestamp()),
          'devices', (select count(*) from (
                        select t.device_id from device_tokens t
                         where t.organization_id = p_org and t.user_id = p_user
                           and t.revoked_at is null and t.expires_at > clock_timestamp()
                        union
                        select a.device_id from assignments a
                         where a.organization_id = p_org and a.user_id = p_user and a.ended_at is null) d),
          'foreign', foreign_names(p_org, p_user))
          from subject_generations g
         where g.organization_id = p_org and g.scope = 'user' and g.subject_id = p_user;
      end;

      -- New names of a person: locks them, so that a signal about one of them either is seen here or sees them.
      create or replace function lock_new_names(p_org uuid, p_connection uuid, p_resource uuid, p_user_name text, p_names jsonb)
      returns jsonb language plpgsql volatile as $$
      begin
        perform lock_names(p_org, p_names);
        return (select jsonb_build_object(
          'waiting', waiting_for(p_org, p_names),
          'foreign', foreign_names_of(p_org, p_connection, p_names),
          'taken', exists (select from resources r
                            where r.organization_id = p_org and r.connection_id = p_connection
                              and r.user_name_key = p_user_name and r.deleted_at is null
                              and r.id is distinct from p_resource)));
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
          return v_owned || jsonb_build_object('taken', true, 'waiting', '[]'::jsonb, 'foreign', '[]'::jsonb);
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
          'foreign', foreign_names_of(p_org, p_connection, p_names),
          'taken', false));
      end $$;

      -- An operator's subject. An organization's own revocation holds its lock exclusively: nothing is issued meanwhile,
      -- and it ends everybody of every issuer.
      create or replace function lock_subject(p_org uuid, p_scope text, p_id uuid) returns jsonb
      language plpgsql volatile as $$
      begin
        if p_scope = 'org' then
          perform pg_advisory_xact_lock(organization_lock(p_org));
        else
          perform pg_advisory_xact_lock_shared(organization_lock(p_org));
        end if;
        if not lock_alone(p_org, p_scope, p_id) then return null; end if;
        return (select jsonb_build_object(
            'at', clock_timestamp(), 'generation', g.generation, 'holds', g.holds, 'lifts', g.lifts,
            'user', case p_scope when 'user' then p_id
                                 when 'family' then (select t.user_id from device_tokens t
                                                      where t.organization_id = p_org and t.id = p_id) end,
            'foreign', case p_scope when 'user' then foreign_names(p_org, p_id)
                                    when 'org' then (select coalesce(jsonb_agg(distinct jsonb_build_object(
                                                              'issuer', f.issuer, 'sub', '')), '[]'::jsonb)
                                                       from foreign_issuers_in_use(p_org) f)
                                    else '[]'::jsonb end,
            'tokens', c.tokens, 'devices', c.devices)
          from subject_generations g,
               (select count(*) as tokens, count(distinct t.device_id) as devices from device_tokens t
                 where t.organization_id = p_org and t.revoked_at is null and t.expires_at > clock_timestamp()
                   and case p_scope when 'org' then true when 'user' then t.user_id = p_id
                                    when 'device' then t.device_id = p_id else t.id = p_id end) c
         where g.organization_id = p_org and g.scope = p_scope and g.subject_id = p_id);
      end $$;
    `);
  }

  async down(): Promise<void> {
    await Promise.reject(new Error('migrations only go forward'));
  }
}
