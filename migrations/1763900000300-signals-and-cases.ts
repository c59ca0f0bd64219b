import type { MigrationInterface, QueryRunner } from 'typeorm';

/** What IdPs said, and the cases that came of it. */
export class SignalsAndCases1763900000300 implements MigrationInterface {
  readonly name = 'SignalsAndCases1763900000300';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      -- Every verified statement, once. A repeat finds the first answer here.
      create table signal_inbox (
        id uuid primary key,
        organization_id uuid not null,
        connection_id uuid not null,
        dedupe_key text not null,
        event_type text not null,
        occurred_at timestamptz not null,
        received_at timestamptz not null,
        effect text not null check (effect in ('revoke', 'hold', 'lift', 'none')),
        signal_class text,
        subject jsonb not null,
        outcome text not null check (outcome in ('applied', 'irrelevant', 'unknown_person', 'ambiguous_person')),
        case_id uuid,
        user_id uuid,
        applied_at timestamptz,
        unique (connection_id, dedupe_key),
        foreign key (organization_id, connection_id) references connections (organization_id, id)
      );

      -- The names that a signal about somebody unknown waits for.
      create table waiting_signals (
        organization_id uuid not null,
        signal_id uuid not null references signal_inbox,
        connection_id uuid not null,
        kind text not null,
        value text not null,
        primary key (organization_id, value, kind, signal_id)
      );

      -- One revocation, from its cause to the gateways: the unit of SOC 2 evidence. A signing key's belongs to no
      -- organization, and its subject is no UUID.
      create table cases (
        id uuid primary key,
        organization_id uuid references organizations,
        scope text check (scope in ('org', 'user', 'device', 'family', 'kid', 'ext', 'api_key')),
        subject_id text,
        user_id uuid,
        generation bigint,
        cause_kind text not null check (cause_kind in ('scim', 'signal', 'group', 'admin', 'incident')),
        cause_connection uuid,
        cause_signal uuid,
        cause_actor text,
        cause_reason text,
        devices integer not null default 0,
        tokens integer not null default 0,
        received_at timestamptz not null,
        revoked_at timestamptz,
        created_at timestamptz not null default clock_timestamp()
      );
      create index cases_in_order on cases (organization_id, id);
      create index cases_of_user on cases (organization_id, user_id, id);

      grant select, insert on signal_inbox, waiting_signals, cases to offswitch_service;
      grant update (outcome, case_id, user_id, applied_at) on signal_inbox to offswitch_service;
      grant update (scope, subject_id, user_id, generation, devices, tokens, revoked_at) on cases to offswitch_service;
      grant delete on waiting_signals to offswitch_service;
      grant select on cases to offswitch_auditor;
    `);
  }

  async down(): Promise<void> {
    await Promise.reject(new Error('migrations only go forward'));
  }
}
