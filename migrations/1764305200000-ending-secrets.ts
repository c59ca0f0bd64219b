import type { MigrationInterface, QueryRunner } from 'typeorm';

/** A secret that is about to end while its IdP still uses it is told once. */
export class EndingSecrets1764305200000 implements MigrationInterface {
  readonly name = 'EndingSecrets1764305200000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      alter table connection_secrets add column end_told_at timestamptz;
      grant update (end_told_at) on connection_secrets to offswitch_service;

      -- Secrets that have an end, are about to come to it, and are the one that its IdP shows. A week ahead; of those that were
      -- given less than a fortnight, when half of it is over. Webhooks do not tell which one was used: there the newest counts.
      create view ending_connection_secrets as
        select l.organization_id, l.connection_id, l.id as secret_id, l.expires_at, l.end_told_at
          from (
            select s.organization_id, s.connection_id, s.id, s.expires_at, s.end_told_at,
                   greatest(s.created_at, lead(s.created_at) over of_connection) as set_at,
                   row_number() over (partition by s.organization_id, s.connection_id
                                      order by u.last_used_at desc nulls last, s.id desc) = 1 as is_shown
              from connection_secrets s
              join connections c on c.organization_id = s.organization_id and c.id = s.connection_id
              left join connection_secret_uses u
                on u.organization_id = s.organization_id and u.connection_id = s.connection_id and u.secret_id = s.id
             where c.removed_at is null and c.accepts <> 'keys'
               and (s.expires_at is null or s.expires_at > clock_timestamp())
            window of_connection as (partition by s.organization_id, s.connection_id order by s.id)) l
         where l.is_shown
           and l.expires_at - least(interval '7 days', (l.expires_at - l.set_at) / 2) <= clock_timestamp();
      grant select on ending_connection_secrets to offswitch_service;
    `);
  }

  async down(): Promise<void> {
    await Promise.reject(new Error('migrations only go forward'));
  }
}
