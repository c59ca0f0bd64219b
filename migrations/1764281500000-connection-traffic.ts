import type { MigrationInterface, QueryRunner } from 'typeorm';

/** What each connection's IdP has been asking for lately: an IdP that has gone quiet is a leaver who keeps access. */
export class ConnectionTraffic1764281500000 implements MigrationInterface {
  readonly name = 'ConnectionTraffic1764281500000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      -- Null: nobody is called. Events come when something happens; a SCIM client asks several times a day.
      alter table connections add column silence_after_s integer check (silence_after_s between 60 and 31536000);
      update connections set silence_after_s = 86400 where kind = 'scim';
      grant update (silence_after_s) on connections to offswitch_service;

      -- Requests whose sender had proven that it is this connection. Written in the background, never by a request.
      create table connection_health (
        organization_id uuid not null,
        connection_id uuid not null,
        first_request_at timestamptz,
        last_request_at timestamptz,
        last_success_at timestamptz,
        last_failure_at timestamptz,
        last_failure_code text,
        -- Answers in a row that an IdP takes for a failure.
        error_streak bigint not null default 0,
        -- Since when nothing has succeeded, once that was too long ago.
        silent_since timestamptz,
        -- Somebody who had not proven it.
        last_turned_away_at timestamptz,
        primary key (organization_id, connection_id),
        foreign key (organization_id, connection_id) references connections (organization_id, id)
      ) with (fillfactor = 50);

      create table connection_secret_uses (
        organization_id uuid not null,
        connection_id uuid not null,
        secret_id uuid not null,
        last_used_at timestamptz not null,
        primary key (organization_id, connection_id, secret_id),
        foreign key (organization_id, connection_id) references connections (organization_id, id)
      ) with (fillfactor = 50);

      create table connection_counts (
        organization_id uuid not null,
        connection_id uuid not null,
        day date not null,
        operation text not null,
        outcome text not null,
        count bigint not null,
        primary key (organization_id, connection_id, day, operation, outcome),
        foreign key (organization_id, connection_id) references connections (organization_id, id)
      ) with (fillfactor = 50);

      -- The last requests of each connection: which names they held, and no value but those of \`active\`.
      create table connection_requests (
        organization_id uuid not null,
        connection_id uuid not null,
        id uuid not null,
        at timestamptz not null,
        method text not null,
        route text not null,
        operation text not null,
        status integer not null,
        code text,
        ms real not null,
        named jsonb,
        primary key (organization_id, connection_id, id),
        foreign key (organization_id, connection_id) references connections (organization_id, id)
      );
      create index connection_requests_by_age on connection_requests (at);

      -- How far each process has written what it noted: a write whose COMMIT was not answered is not counted twice.
      create table connection_traffic_writers (
        writer uuid primary key,
        seq bigint not null,
        at timestamptz not null default clock_timestamp()
      );

      grant select, insert, update on connection_health, connection_counts, connection_secret_uses, connection_traffic_writers
        to offswitch_service;
      grant select, insert, delete on connection_requests to offswitch_service;
      grant delete on connection_counts, connection_traffic_writers to offswitch_service;
      grant select on connection_health, connection_counts to offswitch_auditor;
    `);
  }

  async down(): Promise<void> {
    await Promise.reject(new Error('migrations only go forward'));
  }
}
