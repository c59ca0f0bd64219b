import type { MigrationInterface, QueryRunner } from 'typeorm';

/** What issuers call people in `sub`, where SCIM brings no name that is it: by an operator, beside what resources say. */
export class IssuerSubjects1764312900000 implements MigrationInterface {
  readonly name = 'IssuerSubjects1764312900000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      create table issuer_subjects (
        id uuid primary key,
        organization_id uuid not null,
        user_id uuid not null,
        issuer text not null,
        sub text not null,
        created_at timestamptz not null,
        ended_at timestamptz,
        foreign key (organization_id, user_id) references users (organization_id, id)
      );
      create unique index issuer_subjects_living on issuer_subjects (organization_id, issuer, sub) where ended_at is null;
      create index issuer_subjects_of_user on issuer_subjects (organization_id, user_id);
      grant select, insert on issuer_subjects to offswitch_service;
      grant update (ended_at) on issuer_subjects to offswitch_service;

      -- Whether somebody else is called so by that issuer, in this connection or another, or on an operator's word. Whoever
      -- asks holds the names' locks.
      create function subject_taken(p_org uuid, p_user uuid, p_names text[]) returns boolean language sql stable
      begin atomic
        select exists (select from identities i
                        where i.organization_id = p_org and i.kind = 'iss_sub' and i.value = any (p_names)
                          and i.ended_at is null and i.user_id is distinct from p_user)
            or exists (select from unnest(p_names) as n (name)
                         join issuer_subjects s
                           on s.organization_id = p_org and s.issuer = split_part(n.name, chr(10), 1)
                          and s.sub = split_part(n.name, chr(10), 2)
                        where s.ended_at is null and s.user_id is distinct from p_user);
      end;

      -- A person and a name that an issuer may have for them, locked as SCIM locks them. Null when there is no such person.
      create function lock_issuer_subject(p_org uuid, p_user uuid, p_name text) returns jsonb language plpgsql volatile as $$
      begin
        perform pg_advisory_xact_lock_shared(organization_lock(p_org));
        perform pg_advisory_xact_lock(name_lock(p_org, p_name));
        if not lock_alone(p_org, 'user', p_user) then return null; end if;
        return jsonb_build_object('at', clock_timestamp(), 'taken', subject_taken(p_org, p_user, array[p_name]));
      end $$;

      -- By every name that a person has, or had so short a time ago that a token in it may still live. What an operator
      -- has said counts whatever connection an issuer goes by.
      create or replace function foreign_names(p_org uuid, p_user uuid) returns jsonb language sql stable
      begin atomic
        select coalesce(jsonb_agg(distinct jsonb_build_object('issuer', n.issuer, 'sub', n.sub)), '[]'::jsonb)
          from (select f.issuer, foreign_sub(f, i.connection_id, i.kind, i.value) as sub
                  from foreign_issuers_in_use(p_org) f
                  join identities i on i.organization_id = p_org and i.user_id = p_user
                   and (i.ended_at is null or i.ended_at > clock_timestamp() - interval '1 day')
                union all
                select f.issuer, s.sub
                  from foreign_issuers_in_use(p_org) f
                  join issuer_subjects s on s.organization_id = p_org and s.user_id = p_user and s.issuer = f.issuer
                   and (s.ended_at is null or s.ended_at > clock_timestamp() - interval '1 day')
                 where f.subject = 'iss_sub') n
         where n.sub <> '';
      end;
    `);
  }

  async down(): Promise<void> {
    await Promise.reject(new Error('migrations only go forward'));
  }
}
