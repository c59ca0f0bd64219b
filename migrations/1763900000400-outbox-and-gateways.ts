import type { MigrationInterface, QueryRunner } from 'typeorm';

/** What goes to Kafka, how far it got, and which gateways have applied it. */
export class OutboxAndGateways1763900000400 implements MigrationInterface {
  readonly name = 'OutboxAndGateways1763900000400';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      -- Append-only: the records themselves. \`value\` is what is signed and sent, byte for byte.
      create table outbox (
        digest text primary key,
        organization_id uuid,
        case_id uuid not null,
        key text not null,
        partition integer not null,
        value bytea not null,
        created_at timestamptz not null default clock_timestamp()
      );
      create index outbox_of_case on outbox (case_id);

      -- The queue: a row leaves when its record is acknowledged by the broker and listed in a watermark.
      create table outbox_pending (
        digest text primary key references outbox,
        partition integer not null,
        queued_at timestamptz not null default clock_timestamp(),
        set_aside_at timestamptz
      );
      create index outbox_pending_in_order on outbox_pending (partition, queued_at);

      -- The first broker acknowledgement of a record wins. committed_at is the committing process's clock after
      -- COMMIT returned; null when a sweeper sent what a crash left behind.
      create table outbox_acks (
        digest text primary key references outbox,
        partition integer not null,
        "offset" bigint not null,
        acked_at timestamptz not null,
        committed_at timestamptz
      );

      -- In which watermark each record is listed.
      create table outbox_covers (
        digest text primary key references outbox,
        partition integer not null,
        seq bigint not null
      );
      create index outbox_covers_in_order on outbox_covers (partition, seq);

      -- One chain per partition for ever: its head, and who may write the next one.
      create table watermark_heads (
        partition integer primary key,
        seq bigint not null,
        digest text not null,
        value bytea not null,
        term bigint not null default 0,
        holder uuid,
        leased_until timestamptz,
        acked_at timestamptz
      ) with (fillfactor = 50);

      create table revoked_kids (
        kid text primary key,
        case_id uuid not null,
        revoked_at timestamptz not null
      );

      create table gateways (
        id uuid primary key,
        name text not null,
        digest bytea not null,
        created_at timestamptz not null default clock_timestamp(),
        deleted_at timestamptz
      );
      create unique index gateways_name on gateways (name) where deleted_at is null;

      -- One row per gateway process (boot).
      create table gateway_processes (
        gateway_id uuid not null references gateways,
        boot uuid not null,
        version text not null,
        policy text not null check (policy in ('strict', 'balanced', 'best-effort')),
        public_key jsonb not null,
        first_seen_at timestamptz not null default clock_timestamp(),
        last_seen_at timestamptz not null default clock_timestamp(),
        lease_until timestamptz not null,
        primary key (gateway_id, boot)
      ) with (fillfactor = 50);

      -- How far each process has applied each partition's watermarks.
      create table gateway_positions (
        gateway_id uuid not null,
        boot uuid not null,
        partition integer not null,
        seq bigint not null,
        t timestamptz not null,
        received_at timestamptz not null default clock_timestamp(),
        primary key (gateway_id, boot, partition),
        foreign key (gateway_id, boot) references gateway_processes
      ) with (fillfactor = 50);

      -- When each process said that it had applied a record.
      create table gateway_applied (
        digest text not null,
        gateway_id uuid not null,
        boot uuid not null,
        applied_at timestamptz not null,
        received_at timestamptz not null default clock_timestamp(),
        primary key (digest, gateway_id, boot),
        foreign key (gateway_id, boot) references gateway_processes
      );

      grant select, insert on outbox, outbox_pending, outbox_acks, outbox_covers, watermark_heads, revoked_kids, gateways,
        gateway_processes, gateway_positions, gateway_applied to offswitch_service;
      grant update (set_aside_at) on outbox_pending to offswitch_service;
      grant update on watermark_heads, gateway_processes, gateway_positions to offswitch_service;
      grant update (deleted_at) on gateways to offswitch_service;
      grant delete on outbox_pending to offswitch_service;
      grant select on outbox, outbox_acks, outbox_covers, watermark_heads, revoked_kids, gateway_processes,
        gateway_positions, gateway_applied to offswitch_auditor;
      grant select (id, name, created_at, deleted_at) on gateways to offswitch_auditor;
    `);
  }

  async down(): Promise<void> {
    await Promise.reject(new Error('migrations only go forward'));
  }
}
