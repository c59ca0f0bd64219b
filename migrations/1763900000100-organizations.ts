import type { MigrationInterface, QueryRunner } from 'typeorm';

/** The installation, its organizations, and the credentials that open each door. */
export class Organizations1763900000100 implements MigrationInterface {
  readonly name = 'Organizations1763900000100';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      create table installation (
        one boolean primary key default true check (one),
        id uuid not null,
        issuer text not null,
        epoch bigint not null default 1,
        partitions integer not null default 3 check (partitions > 0),
        created_at timestamptz not null default clock_timestamp()
      );

      create table organizations (
        id uuid primary key,
        name text not null,
        allow_ownerless boolean not null default false,
        created_at timestamptz not null default clock_timestamp()
      );

      create table admin_keys (
        id uuid primary key,
        organization_id uuid references organizations,
        name text not null,
        role text not null check (role in ('owner', 'operator', 'auditor')),
        digest bytea not null,
        created_at timestamptz not null default clock_timestamp(),
        revoked_at timestamptz
      );

      create table api_keys (
        id uuid primary key,
        organization_id uuid not null references organizations,
        name text not null,
        scopes text[] not null,
        digest bytea not null,
        created_at timestamptz not null default clock_timestamp(),
        revoked_at timestamptz,
        unique (organization_id, id)
      );

      create table connections (
        id uuid primary key,
        organization_id uuid not null references organizations,
        kind text not null,
        name text not null,
        link text not null default 'user-name' check (link in ('user-name', 'none')),
        identities_from uuid,
        public_key text,
        created_at timestamptz not null default clock_timestamp(),
        removed_at timestamptz,
        unique (organization_id, id),
        foreign key (organization_id, identities_from) references connections (organization_id, id)
      );

      -- Two may live at once, so that they rotate without downtime. A bearer secret is kept as a digest, a
      -- secret that verifies signatures as ciphertext.
      create table connection_secrets (
        id uuid primary key,
        organization_id uuid not null,
        connection_id uuid not null,
        digest bytea,
        sealed bytea,
        created_at timestamptz not null default clock_timestamp(),
        expires_at timestamptz,
        foreign key (organization_id, connection_id) references connections (organization_id, id),
        check ((digest is null) <> (sealed is null))
      );
      create index connection_secrets_of_connection on connection_secrets (connection_id);

      create table idempotency_keys (
        scope text not null,
        key text not null,
        request_digest bytea not null,
        case_id uuid not null,
        created_at timestamptz not null default clock_timestamp(),
        primary key (scope, key)
      );

      grant select, insert on organizations, admin_keys, api_keys, connections, connection_secrets, idempotency_keys, installation
        to offswitch_service;
      grant update (revoked_at) on admin_keys, api_keys to offswitch_service;
      grant update (removed_at) on connections to offswitch_service;
      grant update (expires_at) on connection_secrets to offswitch_service;
      grant update (allow_ownerless, name) on organizations to offswitch_service;
      grant delete on idempotency_keys to offswitch_service;
      grant select on installation, organizations, connections to offswitch_auditor;
    `);
  }

  async down(): Promise<void> {
    await Promise.reject(new Error('migrations only go forward'));
  }
}
