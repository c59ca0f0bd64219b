import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Who there is, how each IdP sees them, what they hold, and the generations that revoke it. */
export class PeopleAndDevices1763900000200 implements MigrationInterface {
  readonly name = 'PeopleAndDevices1763900000200';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      create table users (
        id uuid primary key,
        organization_id uuid not null references organizations,
        created_at timestamptz not null default clock_timestamp(),
        unique (organization_id, id)
      );

      -- How one SCIM connection sees a user. Never deleted: a tombstone stays. \`user_name_key\` is the name in lower
      -- case, made by the service: PostgreSQL's lower() depends on the locale the server was made with.
      create table resources (
        id uuid primary key,
        organization_id uuid not null,
        connection_id uuid not null,
        user_id uuid not null,
        user_name text not null,
        user_name_key text not null,
        external_id text,
        emails text[] not null default '{}',
        active boolean not null,
        attributes jsonb not null,
        version bigint not null default 1,
        created_at timestamptz not null,
        changed_at timestamptz not null,
        deleted_at timestamptz,
        foreign key (organization_id, user_id) references users (organization_id, id),
        foreign key (organization_id, connection_id) references connections (organization_id, id)
      ) with (fillfactor = 80);
      create unique index resources_user_name
        on resources (organization_id, connection_id, user_name_key) where deleted_at is null;
      create index resources_name_in_organization on resources (organization_id, user_name_key);
      create index resources_external_id
        on resources (organization_id, connection_id, external_id) where deleted_at is null;
      create index resources_emails on resources using gin (emails) where deleted_at is null;
      create index resources_of_user on resources (organization_id, user_id);
      create index resources_in_order on resources (organization_id, connection_id, created_at, id) where deleted_at is null;

      -- Every name under which a signal may speak of a user.
      create table identities (
        organization_id uuid not null,
        connection_id uuid not null,
        kind text not null check (kind in ('scim_id', 'idp_user_id', 'iss_sub', 'external_id', 'user_name', 'email')),
        value text not null,
        user_id uuid not null,
        created_at timestamptz not null default clock_timestamp(),
        ended_at timestamptz,
        primary key (organization_id, connection_id, kind, value, user_id),
        foreign key (organization_id, user_id) references users (organization_id, id),
        foreign key (organization_id, connection_id) references connections (organization_id, id)
      );
      create unique index identities_of_one_user
        on identities (organization_id, connection_id, kind, value)
        where kind in ('scim_id', 'idp_user_id', 'iss_sub') and ended_at is null;
      create index identities_in_organization on identities (organization_id, value, kind);
      create index identities_of_user on identities (organization_id, user_id);

      create table devices (
        id uuid primary key,
        organization_id uuid not null references organizations,
        device_id text not null,
        name text,
        created_at timestamptz not null default clock_timestamp(),
        unique (organization_id, id),
        unique (organization_id, device_id)
      );

      -- Who holds which device, with its history.
      create table assignments (
        id uuid primary key,
        organization_id uuid not null,
        device_id uuid not null,
        user_id uuid not null,
        assigned_at timestamptz not null default clock_timestamp(),
        ended_at timestamptz,
        ended_case uuid,
        foreign key (organization_id, device_id) references devices (organization_id, id),
        foreign key (organization_id, user_id) references users (organization_id, id)
      );
      create unique index assignments_current
        on assignments (organization_id, device_id, user_id) where ended_at is null;
      create index assignments_of_user on assignments (organization_id, user_id) where ended_at is null;

      -- One row per subject, made with the subject. A missing row refuses. \`holds\` is an object
      -- {name: {set_at, event_at, case}}: a hold is lifted only by its own cause and a newer event. \`lifts\` keeps
      -- {name: event_at} of the newest lift, so that an older signal that arrives late sets no hold again.
      create table subject_generations (
        organization_id uuid not null references organizations,
        scope text not null check (scope in ('org', 'user', 'device', 'family')),
        subject_id uuid not null,
        generation bigint not null default 1,
        holds jsonb not null default '{}',
        lifts jsonb not null default '{}',
        changed_at timestamptz not null default clock_timestamp(),
        primary key (organization_id, scope, subject_id)
      ) with (fillfactor = 70);

      -- A device token: one family of rotating refresh secrets. The generations it was issued under decide;
      -- the revocation columns only report.
      create table device_tokens (
        id uuid primary key,
        organization_id uuid not null,
        user_id uuid,
        device_id uuid not null,
        api_key_id uuid not null,
        gen_o bigint not null,
        gen_u bigint not null,
        gen_d bigint not null,
        gen_f bigint not null,
        scopes text[] not null default '{}',
        bootstrap_digest bytea not null,
        bootstrap_expires_at timestamptz not null,
        redeemed_at timestamptz,
        counter integer not null default 0,
        refresh_digest bytea,
        refreshed_at timestamptz,
        access_ttl_s integer,
        created_at timestamptz not null,
        expires_at timestamptz not null,
        revoked_at timestamptz,
        revoked_cause text,
        revoked_case uuid,
        foreign key (organization_id, user_id) references users (organization_id, id),
        foreign key (organization_id, device_id) references devices (organization_id, id),
        foreign key (organization_id, api_key_id) references api_keys (organization_id, id)
      ) with (fillfactor = 70);
      -- No index names a revocation column: marking a thousand tokens then stays on their own pages.
      create index device_tokens_of_user on device_tokens (organization_id, user_id);
      create index device_tokens_of_device on device_tokens (organization_id, device_id);
      create index device_tokens_of_api_key on device_tokens (organization_id, api_key_id);

      grant select, insert on users, resources, identities, devices, assignments, subject_generations, device_tokens
        to offswitch_service;
      grant update on resources, identities, assignments, subject_generations, device_tokens to offswitch_service;
      grant update (name) on devices to offswitch_service;
      grant select on users, resources, devices, assignments, subject_generations to offswitch_auditor;
      grant select (id, organization_id, user_id, device_id, api_key_id, gen_o, gen_u, gen_d, gen_f, scopes, redeemed_at,
                    counter, refreshed_at, created_at, expires_at, revoked_at, revoked_cause, revoked_case)
        on device_tokens to offswitch_auditor;
    `);
  }

  async down(): Promise<void> {
    await Promise.reject(new Error('migrations only go forward'));
  }
}
