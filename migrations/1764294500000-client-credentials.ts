import type { MigrationInterface, QueryRunner } from 'typeorm';

/** SCIM clients that fetch short-lived tokens instead of showing a secret with every request (RFC 6749 §4.4). */
export class ClientCredentials1764294500000 implements MigrationInterface {
  readonly name = 'ClientCredentials1764294500000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      -- Public keys of a client, with which it signs who it is (RFC 7523).
      create table connection_client_keys (
        id uuid primary key,
        organization_id uuid not null,
        connection_id uuid not null,
        thumbprint text not null,
        jwk jsonb not null,
        created_at timestamptz not null default clock_timestamp(),
        removed_at timestamptz,
        foreign key (organization_id, connection_id) references connections (organization_id, id)
      );
      create unique index connection_client_keys_in_use
        on connection_client_keys (connection_id, thumbprint) where removed_at is null;

      -- Each ends with what it was issued for: a secret or a key.
      create table connection_tokens (
        id uuid primary key,
        organization_id uuid not null,
        connection_id uuid not null,
        digest bytea not null,
        secret_id uuid references connection_secrets (id),
        client_key_id uuid references connection_client_keys (id),
        created_at timestamptz not null default clock_timestamp(),
        expires_at timestamptz not null,
        foreign key (organization_id, connection_id) references connections (organization_id, id),
        check ((secret_id is null) <> (client_key_id is null))
      );
      create index connection_tokens_by_end on connection_tokens (expires_at);

      -- An assertion is good once (RFC 7523 §3): half a SHA-256 of its jti.
      create table client_assertions (
        organization_id uuid not null,
        connection_id uuid not null,
        jti bytea not null,
        expires_at timestamptz not null,
        primary key (organization_id, connection_id, jti),
        foreign key (organization_id, connection_id) references connections (organization_id, id)
      );
      create index client_assertions_by_end on client_assertions (expires_at);

      grant select, insert on connection_client_keys, connection_tokens, client_assertions to offswitch_service;
      grant update (removed_at) on connection_client_keys to offswitch_service;
      grant delete on connection_tokens, client_assertions to offswitch_service;
      grant select on connection_client_keys to offswitch_auditor;
    `);
  }

  async down(): Promise<void> {
    await Promise.reject(new Error('migrations only go forward'));
  }
}
